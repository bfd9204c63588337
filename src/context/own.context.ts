import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

const RESOURCE = 'TASKER';
/** Its end is told by `isolate`: Node need not watch when each resource is collected. */
const NO_DESTROY_EVENT = { requireManualDestroy: true } as const;

/**
 * The AsyncLocalStorage context of the code that made this object: for providers, the start of the application.
 *
 * Loops, buffers, timers and connections that many requests share run in it. In the context of the request that wakes or
 * creates one, handlers and logs would show that request's user to everybody else.
 */
export class OwnContext {
  private readonly enter = AsyncLocalStorage.snapshot();

  /**
   * Calls `work` in this context and answers what it answers; the caller's context is back afterwards. What `work` enters with
   * `enterWith`, and does not leave, ends with it.
   */
  run<T>(work: () => T): T {
    // In a resource of its own: `enterWith` changes the current one, which would be the snapshot itself.
    return this.enter(() => isolate(work));
  }
}

/**
 * Calls `work` in the caller's context, and answers what it answers. What `work` enters with `enterWith`, and does not leave,
 * ends with it. A quarter of the cost of `OwnContext.run`, for work that begins in that context anyway.
 */
export function isolate<T>(work: () => T): T {
  const resource = new AsyncResource(RESOURCE, NO_DESTROY_EVENT);
  try {
    return resource.runInAsyncScope(work);
  } finally {
    // Hooks of the application may keep something for each resource until then.
    resource.emitDestroy();
  }
}
