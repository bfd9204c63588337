import { v7 } from 'uuid';
import { takeRandomBytes } from './random.pool.js';
import { UUID_BYTES, uuidText } from './uuid.text.js';

/** Where each is put together. */
const scratch = Buffer.alloc(UUID_BYTES);
let milliseconds = Number.NEGATIVE_INFINITY;
let sequence = 0;

/** A random uuid of version 7. Those of one process ascend, also within a millisecond (RFC 9562, section 6.2, method 1). */
export function timeOrderedUuid(): string {
  const random = takeRandomBytes(UUID_BYTES);
  advance(Date.now(), random);
  v7({ random, msecs: milliseconds, seq: sequence }, scratch);
  return uuidText(scratch);
}

/** A new millisecond begins with a random number, in the lower half of what fits, and counts on from there. */
function advance(now: number, random: Buffer): void {
  if (now > milliseconds) {
    milliseconds = now;
    sequence = random.readUInt32BE(6) >>> 1;
    return;
  }
  sequence = (sequence + 1) | 0;
  if (sequence === 0) milliseconds += 1;
}
