import { setTimeout as delay } from 'node:timers/promises';

import type { Contestant } from './contestants.js';

/** What an engine that was stopped has to catch up with before it is measured. */
const WAKE_MS = 200;

/** What of so many tasks a contestant is given: a slow one less, so that its turns take about as long as the others'. */
export function partOf(tasks: number, share = 1): number {
  return Math.max(1, Math.round(tasks * share));
}

/** Who has which turn in a round: each round begins with another one, so that nobody always follows the same. */
export function orderOf<T>(contestants: readonly T[], round: number): readonly T[] {
  const first = contestants.length === 0 ? 0 : round % contestants.length;
  return [...contestants.slice(first), ...contestants.slice(0, first)];
}

/**
 * Lets one engine work while the others stand still: some of them look for work a hundred times a second, and that must not be
 * counted as another's. The service is never stopped: it costs next to nothing while it has nothing to do.
 */
export async function inTurn<T>({ process, standsStill }: Contestant, work: () => Promise<T>): Promise<T> {
  if (!standsStill) return work();
  process.signal('SIGCONT');
  await delay(WAKE_MS);
  try {
    return await work();
  } finally {
    process.signal('SIGSTOP');
  }
}
