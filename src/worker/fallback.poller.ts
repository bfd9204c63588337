import { Injectable, Logger } from '@nestjs/common';
import { RetrySettings, WorkerSettings } from '../config/index.js';
import { isOutage } from '../database/index.js';
import { Engine } from '../engine/index.js';
import type { ReclaimedStep } from '../engine/index.js';
import { Notifier, PostgresListener, TaskChanges } from '../notifications/index.js';
import { logReclaimed } from './reclaim.log.js';
import { StepDispatcher } from './step.dispatcher.js';
import { WorkerStatistics } from './worker.statistics.js';

/** How often leases that have run out are looked for: a lost step runs again within its lease and this. */
const SWEEP_MS = 2_000;
const SWEEP_LIMIT = 1_000;
/** After an outage living workers have extended their leases when this part of one has passed: a renewal is due by then. */
const GRACE_OF_LEASE = 1 / 3;
/** Without a listener polling carries the load: so much more often than with one. */
const DEAF_FACTOR = 4;
const SHORTEST_POLL_MS = 50;

/**
 * Finds by looking what no notification told: ready work, and steps whose worker is lost. With it every NOTIFY may be
 * lost and everything still completes, only later.
 *
 * The wait between two polls is `TASKER_POLL_INTERVAL_MS` while the listener hears, a quarter of it while it does not (not
 * below 50 ms), spread by up to a fifth so that processes do not poll in step. In `event_driven_only` mode only the sweep for
 * lost workers runs.
 *
 * Where the database was away, leases have run out whose workers live: nothing is taken back until they have had the time to
 * extend them.
 */
@Injectable()
export class FallbackPoller {
  private readonly logger = new Logger(FallbackPoller.name);
  private stopped = true;
  private pollTimer: NodeJS.Timeout | undefined;
  private sweepTimer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  /** The database did not answer the last sweep. */
  private outage = false;
  /** Until when leases that ran out in an outage may still be extended. */
  private graceEnd = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly dispatcher: StepDispatcher,
    private readonly listener: PostgresListener,
    private readonly engine: Engine,
    private readonly changes: TaskChanges,
    private readonly notifier: Notifier,
    private readonly statistics: WorkerStatistics,
    private readonly settings: WorkerSettings,
    private readonly retries: RetrySettings,
  ) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    if (this.settings.deploymentMode !== 'event_driven_only') this.pollLater();
    this.sweepLater();
  }

  /** After it nothing is looked for any more. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.pollTimer);
    clearTimeout(this.sweepTimer);
    await this.sweeping;
  }

  private pollLater(): void {
    const { pollIntervalMs } = this.settings;
    const wait =
      this.listener.state === 'listening'
        ? pollIntervalMs
        : Math.max(pollIntervalMs / DEAF_FACTOR, SHORTEST_POLL_MS);
    this.pollTimer = this.schedule(wait, () => {
      this.dispatcher.wake();
      this.pollLater();
    });
  }

  private sweepLater(): void {
    this.sweepTimer = this.schedule(SWEEP_MS, () => {
      this.sweeping = this.sweep().finally(() => this.sweepLater());
    });
  }

  private async sweep(): Promise<void> {
    try {
      const steps = await this.reclaim();
      // Where nobody polls, retries that a lost process knew of come due here.
      if (this.settings.deploymentMode === 'event_driven_only') this.dispatcher.wake();
      if (steps.length === 0) return;
      this.statistics.reclaimed += steps.length;
      const failed = steps.filter((step) => step.failed);
      logReclaimed(steps);
      this.changes.publish([
        ...new Set(steps.filter((step) => step.taskSettled).map((step) => step.taskUuid)),
      ]);
      if (failed.length < steps.length) {
        this.dispatcher.wake();
        this.notifier.announceReady();
      }
    } catch (error) {
      this.outage ||= isOutage(error);
      this.logger.warn(`Lost workers could not be looked for, trying again: ${String(error)}`);
    }
  }

  /** In an outage, and shortly after it, nothing is taken back; the sweep only finds out whether it is over. */
  private async reclaim(): Promise<readonly ReclaimedStep[]> {
    const onlyLook = this.outage || performance.now() < this.graceEnd;
    const steps = await this.engine.reclaim(this.retries.maxLost, onlyLook ? 0 : SWEEP_LIMIT);
    if (this.outage) {
      this.outage = false;
      this.graceEnd = performance.now() + this.settings.leaseSeconds * 1_000 * GRACE_OF_LEASE;
    }
    return steps;
  }

  private schedule(wait: number, action: () => void): NodeJS.Timeout | undefined {
    return this.stopped ? undefined : setTimeout(action, wait * (0.9 + Math.random() * 0.2));
  }
}
