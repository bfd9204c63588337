import { randomFillSync } from 'node:crypto';

/** Drawn at once: a draw costs more than all else about an id. */
const pool = Buffer.alloc(8_192);
let used = pool.length;

/** Random bytes that nobody else is given. Theirs until the next call: whoever keeps them makes a copy. */
export function takeRandomBytes(count: number): Buffer {
  if (count > pool.length) return randomFillSync(Buffer.allocUnsafe(count));
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
