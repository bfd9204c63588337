import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { RetentionSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { RepeatingJob } from '../scheduling/index.js';

const SWEEP_MS = 60_000;
/** Small, so that a batch is over before anybody could wait for it. */
const BATCH = 500;

const REMOVE: Statement = {
  name: 'tasker_remove_finished_tasks',
  // The time as text: as a Date it would lose its microseconds, and with them the place to go on from.
  text: `SELECT looked, removed, last_created_at::text AS last_created_at, last_task_uuid
         FROM tasker.remove_finished_tasks($1, $2, $3, $4)`,
};

interface RemovedBatch {
  readonly looked: number;
  readonly removed: number;
  readonly last_created_at: string | null;
  readonly last_task_uuid: string | null;
}

/**
 * Removes finished tasks that are older than `TASKER_RETENTION_DAYS`, with their steps, attempts and events: once a minute, in
 * small batches, one process at a time. It rests after each batch for as long as the batch took, so that it never has
 * more than half a connection's worth of the database.
 */
@Injectable()
export class RetentionSweeper {
  private readonly logger = new Logger(RetentionSweeper.name);
  private readonly job: RepeatingJob;
  private stopping = new AbortController();

  constructor(
    private readonly database: Database,
    private readonly settings: RetentionSettings,
  ) {
    this.job = new RepeatingJob({
      everyMs: SWEEP_MS,
      run: async () => {
        await this.sweep();
      },
      onError: (error) => {
        this.logger.warn(`Finished tasks could not be removed, trying again: ${String(error)}`);
      },
    });
  }

  start(): void {
    if (this.settings.retentionDays === 0) return;
    this.stopping = new AbortController();
    this.job.start();
  }

  /** Ends a sweep after its current batch. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.job.stop();
  }

  /** Removes everything that is too old now, and answers how many tasks that were. */
  async sweep(batch = BATCH): Promise<number> {
    const { signal } = this.stopping;
    let total = 0;
    let last: RemovedBatch | undefined;
    do {
      const began = performance.now();
      const place = [last?.last_created_at ?? null, last?.last_task_uuid ?? null];
      [last] = await this.database.query<RemovedBatch>(REMOVE, [
        this.settings.retentionDays,
        ...place,
        batch,
      ]);
      total += last?.removed ?? 0;
      if (last !== undefined && last.looked === batch) await rest(performance.now() - began, signal);
    } while (last !== undefined && last.looked === batch && !signal.aborted);
    if (total > 0) {
      this.logger.log(
        `Removed ${total} task(s) that had been finished for more than ${this.settings.retentionDays} day(s)`,
      );
    }
    return total;
  }
}

/** Waits, or until it is told to stop. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
