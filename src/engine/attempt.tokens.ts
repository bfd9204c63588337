import { takeRandomBytes } from './random.pool.js';
import { UUID_BYTES, uuidTexts } from './uuid.text.js';

/** Tokens for attempts at steps: random UUIDs (version 4), which nobody can guess or has had before. */
export function attemptTokens(count: number): readonly string[] {
  const bytes = takeRandomBytes(count * UUID_BYTES);
  for (let from = 0; from < bytes.length; from += UUID_BYTES) {
    bytes[from + 6] = ((bytes[from + 6] ?? 0) & 0x0f) | 0x40;
    bytes[from + 8] = ((bytes[from + 8] ?? 0) & 0x3f) | 0x80;
  }
  return uuidTexts(bytes);
}
