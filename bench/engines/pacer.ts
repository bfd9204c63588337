import { setTimeout as delay } from 'node:timers/promises';

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
  while (calls.length < count) {
    const due = begin + (calls.length / perSecond) * 1000;
    if (performance.now() < due) {
      await delay(1);
      continue;
    }
    calls.push(call().then(() => performance.now() - due));
  }
  return Promise.all(calls);
}
