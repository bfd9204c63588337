import { TaskerError } from '../engine/index.js';

/** More steps wait than `TASKER_MAX_BACKLOG` allows: nothing was accepted, and the same request may be in a while. */
export class BackpressureError extends TaskerError {
  readonly code = 'BACKPRESSURE';

  constructor(
    ready: number,
    limit: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`${ready} steps are ready and wait, and at most ${limit} may: try again in ${retryAfterSeconds} s`);
  }
}
