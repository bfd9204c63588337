import { Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { WorkerSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import { Engine } from '../engine/index.js';
import type { AttemptKey } from '../engine/index.js';

/** An attempt whose lease is to be kept while it runs. */
export interface LeasedAttempt extends AttemptKey {
  readonly leaseSeconds: number;
  /** Called once, when the step turns out not to be this attempt's any more. */
  readonly onLost: () => void;
}

interface KeptLease {
  readonly attempt: LeasedAttempt;
  renewedAt: number;
}

/** A lease is renewed when this part of it has passed, so that several tries fit in before it runs out. */
const RENEW_AFTER = 1 / 3;
const SHORTEST_PAUSE_MS = 100;
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Keeps the leases of running attempts, on a connection of its own, with one statement a round. Attempts that end before a
 * third of their lease has passed cost nothing.
 */
@Injectable()
export class LeaseKeeper {
  private readonly logger = new Logger(LeaseKeeper.name);
  private readonly leases = new Map<string, KeptLease>();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly engine: Engine,
    private readonly database: Database,
    private readonly settings: WorkerSettings,
  ) {}

  /** Opens the connection ahead of need; where that fails, the first round tries again. */
  async start(): Promise<void> {
    this.stopped = false;
    await this.connection().catch((error: unknown) => this.warn(error));
  }

  /** After it nothing is renewed any more. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.round;
    await this.client?.end().catch(() => undefined);
    this.client = undefined;
  }

  /** From now on, until `drop`, the attempt's lease is renewed. */
  keep(attempt: LeasedAttempt): void {
    this.leases.set(attempt.token, { attempt, renewedAt: performance.now() });
    this.schedule(attempt.leaseSeconds);
  }

  drop(attempt: AttemptKey): void {
    this.leases.delete(attempt.token);
  }

  /** Renews one attempt's lease now; answers whether it still holds its step. */
  async renew(attempt: AttemptKey): Promise<boolean> {
    const lost = await this.extend([attempt]);
    return lost.length === 0;
  }

  private schedule(leaseSeconds: number): void {
    if (this.timer !== undefined || this.stopped) return;
    const pause = Math.max((leaseSeconds * 1000 * RENEW_AFTER) / 2, SHORTEST_PAUSE_MS);
    this.timer = setTimeout(() => {
      this.round = this.renewDue();
    }, pause);
  }

  private async renewDue(): Promise<void> {
    const now = performance.now();
    const due = [...this.leases.values()].filter(
      ({ attempt, renewedAt }) => now - renewedAt >= attempt.leaseSeconds * 1000 * RENEW_AFTER,
    );
    try {
      if (due.length > 0) this.forget(await this.extend(due.map(({ attempt }) => attempt)));
      for (const lease of due) lease.renewedAt = now;
    } catch (error) {
      this.warn(error);
    }
    this.timer = undefined;
    const shortest = Math.min(...[...this.leases.values()].map(({ attempt }) => attempt.leaseSeconds));
    if (Number.isFinite(shortest)) this.schedule(shortest);
  }

  private forget(lost: readonly AttemptKey[]): void {
    for (const { token } of lost) {
      const lease = this.leases.get(token);
      if (lease !== undefined && this.leases.delete(token)) lease.attempt.onLost();
    }
  }

  private async extend(attempts: readonly AttemptKey[]): Promise<readonly AttemptKey[]> {
    const client = await this.connection();
    try {
      return await this.engine.extend(attempts, this.settings.leaseSeconds, client);
    } catch (error) {
      this.abandon(client);
      throw error;
    }
  }

  private async connection(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    const client = await this.database.connectDirect('lease keeper', QUERY_TIMEOUT_MS);
    client.on('error', () => this.abandon(client));
    client.on('end', () => this.abandon(client));
    this.client = client;
    return client;
  }

  private abandon(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    client.end().catch(() => undefined);
  }

  private warn(error: unknown): void {
    if (!this.stopped) this.logger.warn(`Leases could not be renewed, trying again: ${String(error)}`);
  }
}
