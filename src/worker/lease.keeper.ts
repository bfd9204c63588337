import { Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { OwnContext } from '../context/index.js';
import { WorkerSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import { Engine } from '../engine/index.js';
import type { AttemptKey, ClaimedStep } from '../engine/index.js';
import { closeConnection } from '../notifications/index.js';

/** Called once, when the step turns out not to be the attempt's any more. */
export type LeaseLost = (claim: ClaimedStep) => void;

interface KeptLease {
  readonly attempt: ClaimedStep;
  readonly onLost: LeaseLost;
  renewedAt: number;
}

/** A lease is renewed when this part of it has passed, so that several tries fit in before it runs out. */
const RENEW_AFTER = 1 / 3;
const SHORTEST_PAUSE_MS = 100;
/**
 * How long an extension may go unanswered before its connection is given up as dead: no longer than leaves time for another one
 * before a lease runs out, and long enough for a busy server.
 */
const LONGEST_QUERY_MS = 5_000;
const SHORTEST_QUERY_MS = 2_000;

/**
 * Keeps the leases of running attempts, on a connection of its own, with one statement a round. Attempts that end before a
 * third of their lease has passed cost nothing.
 */
@Injectable()
export class LeaseKeeper {
  private readonly logger = new Logger(LeaseKeeper.name);
  private readonly leases = new Map<string, KeptLease>();
  private client: pg.Client | undefined;
  private connecting: Promise<pg.Client> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  private nextRound = Number.POSITIVE_INFINITY;
  private renewing = false;
  private round: Promise<void> = Promise.resolve();
  private turn: Promise<unknown> = Promise.resolve();
  private stopped = false;
  private readonly ownContext = new OwnContext();

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
    await this.connecting?.catch(() => undefined);
    const { client } = this;
    this.client = undefined;
    if (client !== undefined) await closeConnection(client);
  }

  /** From now on, until `drop`, the leases of these attempts are renewed. */
  keep(attempts: readonly ClaimedStep[], onLost: LeaseLost): void {
    const renewedAt = performance.now();
    let shortest = Number.POSITIVE_INFINITY;
    for (const attempt of attempts) {
      this.leases.set(attempt.token, { attempt, onLost, renewedAt });
      shortest = Math.min(shortest, attempt.leaseSeconds);
    }
    if (Number.isFinite(shortest)) this.schedule(shortest);
  }

  drop(attempt: AttemptKey): void {
    this.leases.delete(attempt.token);
  }

  /** Renews one attempt's lease now; answers whether it still holds its step. */
  async renew(attempt: AttemptKey): Promise<boolean> {
    const lost = await this.extend([attempt]);
    return lost.length === 0;
  }

  /** A lease shorter than those that are kept already brings the next round forward. */
  private schedule(leaseSeconds: number): void {
    if (this.renewing || this.stopped) return;
    const pause = Math.max((leaseSeconds * 1000 * RENEW_AFTER) / 2, SHORTEST_PAUSE_MS);
    const due = performance.now() + pause;
    if (this.timer !== undefined && this.nextRound <= due) return;
    clearTimeout(this.timer);
    this.nextRound = due;
    this.timer = this.ownContext.run(() =>
      setTimeout(() => {
        this.timer = undefined;
        this.round = this.renewDue();
      }, pause),
    );
  }

  private async renewDue(): Promise<void> {
    this.renewing = true;
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
    this.renewing = false;
    const shortest = Math.min(...[...this.leases.values()].map(({ attempt }) => attempt.leaseSeconds));
    if (Number.isFinite(shortest)) this.schedule(shortest);
  }

  private forget(lost: readonly AttemptKey[]): void {
    for (const { token } of lost) {
      const lease = this.leases.get(token);
      if (lease !== undefined && this.leases.delete(token)) lease.onLost(lease.attempt);
    }
  }

  /** One statement at a time: the connection has no more. */
  private extend(attempts: readonly AttemptKey[]): Promise<readonly AttemptKey[]> {
    const mine = this.turn.then(() => this.extendNow(attempts));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async extendNow(attempts: readonly AttemptKey[]): Promise<readonly AttemptKey[]> {
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
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async connect(): Promise<pg.Client> {
    if (this.stopped) throw new Error('The lease keeper has stopped');
    const part = this.settings.leaseSeconds * 1000 * RENEW_AFTER;
    const client = await this.database.connectDirect(
      'lease keeper',
      Math.min(Math.max(part, SHORTEST_QUERY_MS), LONGEST_QUERY_MS),
    );
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
