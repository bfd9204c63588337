interface Listeners {
  readonly calls: Set<() => void>;
  readonly fire: () => void;
}

/** A signal carries one listener of ours, however many callers wait on it. */
const waiting = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls `listener` once when the signal fires; not if it has fired already. Any number of callers may wait on one signal:
 * with a listener for each caller, Node warns of a leak from the eleventh on.
 *
 * @returns takes the listener back; safe to call twice, and after the signal has fired
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { calls, fire } = waiting.get(signal) ?? listenTo(signal);
  // A function of its own for each call, so that the same listener may be given twice.
  const call = (): void => listener();
  calls.add(call);
  return () => {
    if (!calls.delete(call) || calls.size > 0 || waiting.get(signal)?.calls !== calls) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', fire);
  };
}

function listenTo(signal: AbortSignal): Listeners {
  const calls = new Set<() => void>();
  const fire = (): void => {
    waiting.delete(signal);
    for (const call of calls) call();
  };
  const listeners = { calls, fire };
  waiting.set(signal, listeners);
  signal.addEventListener('abort', fire, { once: true });
  return listeners;
}
