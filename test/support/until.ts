import { setTimeout as delay } from 'node:timers/promises';

/** For how long something that must happen is waited for: long, because the machine may be busy with other tests. */
const PATIENCE_MS = 60_000;

/** Resolves with the first answer of `look` that is neither false nor null nor undefined; fails when none comes. */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await delay(10);
  }
}

/** Something that happens once, for a handler to wait on and a test to cause, or the other way round. */
export class Happening<T = void> {
  readonly happened: Promise<T>;
  private resolve: (value: T) => void = () => undefined;

  constructor() {
    this.happened = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  happen(value: T): void {
    this.resolve(value);
  }
}

/** Resolves with the signal's reason once it fires. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}
