import { randomBytes } from 'node:crypto';

const BYTES = 16;
const DIGITS = 2 * BYTES;

/**
 * Attempt tokens: random uuids (version 4), never issued twice. Written without hyphens, which PostgreSQL reads as well: a
 * worker makes thousands a second, and these are cut from one text.
 */
export function attemptTokens(count: number): readonly string[] {
  const bytes = randomBytes(count * BYTES);
  for (let start = 0; start < bytes.length; start += BYTES) {
    bytes.writeUInt8((bytes.readUInt8(start + 6) & 0x0f) | 0x40, start + 6);
    bytes.writeUInt8((bytes.readUInt8(start + 8) & 0x3f) | 0x80, start + 8);
  }
  const digits = bytes.toString('hex');
  return Array.from({ length: count }, (_, place) => digits.slice(place * DIGITS, (place + 1) * DIGITS));
}
