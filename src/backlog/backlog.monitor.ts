import { Injectable, Logger } from '@nestjs/common';
import { BacklogSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { RepeatingJob } from '../scheduling/index.js';
import { BackpressureError } from './backpressure.error.js';

const SAMPLE_MS = 5_000;
/** A sample that says "too many" is taken again sooner. */
const RETRY_AFTER_SECONDS = 5;

const SAMPLE: Statement = {
  name: 'tasker_sample_queue',
  text: 'SELECT ready, capped, age_ms FROM tasker.sample_queue($1, $2)',
};

/** How much work waits, as of the last look. */
export interface Backlog {
  /** Steps that can be run now; at most one more than `TASKER_MAX_BACKLOG` is told apart. */
  readonly ready: number;
  /** There are more than were counted. */
  readonly capped: boolean;
  /** For how long the first of them has waited. */
  readonly oldestAgeMs: number;
}

/**
 * Knows how much work waits, and refuses more where it is too much. It looks every five seconds, every ten while nothing waits (all
 * processes together: they share one sample), and in between counts what this process has accepted itself.
 */
@Injectable()
export class BacklogMonitor {
  private readonly logger = new Logger(BacklogMonitor.name);
  private readonly job: RepeatingJob;
  private latest: Backlog = { ready: 0, capped: false, oldestAgeMs: 0 };
  private acceptedSince = 0;
  /** The last turn was let pass. */
  private rested = false;

  constructor(
    private readonly database: Database,
    private readonly settings: BacklogSettings,
  ) {
    this.job = new RepeatingJob({
      everyMs: SAMPLE_MS,
      run: async () => {
        await this.lookInTurn();
      },
      onError: (error) => {
        this.logger.warn(`The backlog could not be looked at, trying again: ${String(error)}`);
      },
    });
  }

  get backlog(): Backlog {
    return this.latest;
  }

  start(): void {
    this.job.start();
  }

  /** Safe to call twice, or without `start`. */
  stop(): Promise<void> {
    return this.job.stop();
  }

  /** One turn: looks, or, every second time as long as nothing is known to wait, rests. Answers whether it looked. */
  async lookInTurn(): Promise<boolean> {
    const nothingWaits = this.latest.ready === 0 && this.acceptedSince === 0;
    this.rested = nothingWaits && !this.rested;
    if (this.rested) return false;
    await this.look();
    return true;
  }

  /** Looks now, unless somebody has within the interval. */
  async look(intervalMs = SAMPLE_MS * 0.8): Promise<void> {
    const accepted = this.acceptedSince;
    const [row] = await this.database.query<{ ready: number; capped: boolean; age_ms: number }>(SAMPLE, [
      this.settings.maxBacklog,
      intervalMs,
    ]);
    if (row === undefined) return;
    this.latest = { ready: row.ready, capped: row.capped, oldestAgeMs: row.age_ms };
    this.acceptedSince -= accepted;
  }

  /** @throws BackpressureError where more than `TASKER_MAX_BACKLOG` steps wait already */
  assertRoom(): void {
    const { ready, capped } = this.latest;
    // Capped says no more than that there is one more: the sample may be that of a process with a lower limit.
    const waiting = ready + (capped ? 1 : 0) + this.acceptedSince;
    if (waiting <= this.settings.maxBacklog) return;
    throw new BackpressureError(waiting, this.settings.maxBacklog, RETRY_AFTER_SECONDS);
  }

  /** So many steps of tasks that this process has accepted can be run now. */
  accepted(readySteps: number): void {
    this.acceptedSince += readySteps;
  }
}
