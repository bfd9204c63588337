export const UUID_BYTES = 16;
const TEXT_LENGTH = 36;

const DIGITS = Buffer.from('0123456789abcdef');
const HYPHEN = '-'.charCodeAt(0);
/** Where they stand in a text. */
const HYPHENS = [8, 13, 18, 23] as const;
/** Where the first digit of each byte stands. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Where a single text is written, and then copied from. */
const scratch = Buffer.alloc(TEXT_LENGTH);

/** The text of one UUID. */
export function uuidText(bytes: Buffer): string {
  writeText(bytes, 0, scratch);
  return scratch.toString('latin1');
}

/**
 * The texts of UUIDs whose bytes follow each other. All are written into one: a text that is put together of its digits is a
 * tree of thirty pieces for as long as it lives, and thousands of them are made a second.
 */
export function uuidTexts(bytes: Buffer): readonly string[] {
  const count = Math.floor(bytes.length / UUID_BYTES);
  const target = Buffer.allocUnsafe(count * TEXT_LENGTH);
  for (let place = 0; place < count; place += 1) writeText(bytes, place, target);
  const text = target.toString('latin1');
  return Array.from({ length: count }, (_, place) =>
    text.slice(place * TEXT_LENGTH, (place + 1) * TEXT_LENGTH),
  );
}

/** @param place which of the UUIDs */
function writeText(bytes: Buffer, place: number, target: Buffer): void {
  const from = place * UUID_BYTES;
  const at = place * TEXT_LENGTH;
  for (let byte = 0; byte < UUID_BYTES; byte += 1) {
    const value = bytes[from + byte] ?? 0;
    const digit = at + (PLACES[byte] ?? 0);
    target[digit] = DIGITS[value >>> 4] ?? 0;
    target[digit + 1] = DIGITS[value & 15] ?? 0;
  }
  for (const hyphen of HYPHENS) target[at + hyphen] = HYPHEN;
}
