import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const BYTES = 16;
/** Drawn for so many ids at once: a draw costs more than everything else about accepting a task. */
const random = Buffer.alloc(512 * BYTES);
let used = random.length;
let milliseconds = Number.NEGATIVE_INFINITY;
let sequence = 0;

/** A random uuid of version 7. Those of one process ascend, also within a millisecond (RFC 9562, section 6.2, method 1). */
export function timeOrderedUuid(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const bytes = random.subarray(used, used + BYTES);
  used += BYTES;
  advance(Date.now(), bytes);
  return v7({ random: bytes, msecs: milliseconds, seq: sequence });
}

/** A new millisecond begins with a random number, in the lower half of what fits, and counts on from there. */
function advance(now: number, bytes: Buffer): void {
  if (now > milliseconds) {
    milliseconds = now;
    sequence = bytes.readUInt32BE(6) >>> 1;
    return;
  }
  sequence = (sequence + 1) | 0;
  if (sequence === 0) milliseconds += 1;
}
