import type { RunningAttempt } from './running-attempt.js';

/**
 * Sets the timers of attempts that outlast the turn of the event loop in which they were started. Most don't: thousands a
 * second end at once, and no timer can fire while they run.
 */
export class AttemptClock {
  private started: RunningAttempt[] = [];

  watch(attempt: RunningAttempt): void {
    if (this.started.length === 0) setImmediate(() => this.limitTimes());
    this.started.push(attempt);
  }

  private limitTimes(): void {
    const { started } = this;
    this.started = [];
    for (const attempt of started) attempt.limitTime();
  }
}
