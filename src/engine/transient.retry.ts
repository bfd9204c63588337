import { isTransient } from '../database/index.js';
import { onAbort } from './abort.listeners.js';

const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 1_000;

export interface RetryOptions {
  /** For how long to try again; for ever where left out. */
  readonly patienceMs?: number;
  /** Ends the trying: the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Told of each failure that is tried again. */
  readonly onRetry?: (error: unknown) => void;
}

/**
 * Calls `work` until it succeeds, fails for a reason that will not go away, or patience runs out. From the second call
 * on `work` is told that it is a repetition: the first may have taken effect although its answer was lost.
 */
export async function retryTransient<T>(
  work: (repeated: boolean) => Promise<T>,
  { patienceMs = Number.POSITIVE_INFINITY, signal, onRetry }: RetryOptions = {},
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(attempt > 0);
    } catch (error) {
      if (!isTransient(error) || performance.now() >= deadline || signal?.aborted === true) throw error;
      onRetry?.(error);
      const longest = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), LONGEST_DELAY_MS);
      // Spread out, so that many processes do not come back at the same instant.
      await pause(longest * (0.5 + Math.random() / 2), signal);
    }
  }
}

/** Resolves after so long, or when the signal fires. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    const forget = signal && onAbort(signal, done);
    function done(): void {
      clearTimeout(timer);
      forget?.();
      resolve();
    }
  });
}
