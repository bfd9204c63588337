import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once `look` answers true; fails after `patienceMs`, which is long: the machine may be busy. */
export async function eventually(
  what: string,
  look: () => Promise<boolean> | boolean,
  patienceMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await delay(30);
  }
}
