import { setTimeout as delay } from 'node:timers/promises';

/** More callers than this nobody has at once; the others wait, and their waiting counts. */
const MOST_AT_ONCE = 400;

/**
 * Begins `count` calls at an even pace, however long each takes, and answers with how long each took in milliseconds, counted
 * from when it was to begin: what waits because the caller is late counts as well.
 */
export async function paced(
  count: number,
  perSecond: number,
  call: () => Promise<unknown>,
): Promise<readonly number[]> {
  const begin = performance.now();
  const calls: Promise<number>[] = [];
  let underWay = 0;
  const begun = async (due: number): Promise<number> => {
    underWay += 1;
    await call();
    underWay -= 1;
    return performance.now() - due;
  };
  while (calls.length < count) {
    const due = begin + (calls.length / perSecond) * 1000;
    if (performance.now() < due || underWay >= MOST_AT_ONCE) await delay(1);
    else calls.push(begun(due));
  }
  return Promise.all(calls);
}
