import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { DatabaseSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import { ClientState } from './client.state.js';
import { RESET_FOR_RECORDING, RESET_SESSION } from './session.reset.js';
import type { StatementUse } from './statement.rules.js';
import { TransactionEndedError } from './step-errors.js';

/** Connections that are left to claims, completions and reads when all transactions are taken. */
const SPARE_CONNECTIONS = 3;
const ROLLBACK_TIMEOUT_MS = 1_000;
/** Begins the message of the error that keeps another transaction than the step's own from being committed. */
const ANOTHER_TRANSACTION = 'tasker: another transaction';
/** Marks the step's own transaction: the setting is gone with it. */
const MARK = "SET LOCAL tasker.in_step = 'on'";
const IS_MARKED = "pg_catalog.current_setting('tasker.in_step', true) IS NOT DISTINCT FROM 'on'";
/** Fails in any other transaction. No plain SQL commits on a condition; what follows in the same message is not run. */
const ASSERT_MARKED = `SELECT CASE WHEN NOT ${IS_MARKED} THEN ('${ANOTHER_TRANSACTION} ' || pg_catalog.pg_backend_pid())::integer END`;

/**
 * Gives handlers' transactions a connection of the pool each, and makes those wait their turn that would take the last
 * ones: handlers may starve each other, but not the engine.
 */
@Injectable()
export class StepTransactions {
  private readonly limit: number;
  private open = 0;
  private readonly queue: (() => void)[] = [];
  /** Through a transaction pooler a session is shared: what is reset after a transaction would be another's. */
  private readonly ownsSessions: boolean;

  constructor(
    private readonly database: Database,
    settings: DatabaseSettings,
  ) {
    this.limit = Math.max(1, settings.poolSize - SPARE_CONNECTIONS);
    this.ownsSessions = settings.databaseDirectUrl === undefined;
  }

  async begin(): Promise<OpenTransaction> {
    await this.turn();
    try {
      const client = await this.database.acquire();
      // A connection that breaks fails the statement under way or the next one; unheard, the event would end the process.
      client.on('error', ignore);
      try {
        await client.query(`BEGIN; ${MARK}`);
        return new OpenTransaction(client, this.ownsSessions, () => this.leave());
      } catch (error) {
        client.release(true);
        throw error;
      }
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  private async turn(): Promise<void> {
    if (this.open >= this.limit) {
      // Whoever leaves hands its place over, so that `open` stays as it is.
      await new Promise<void>((resolve) => this.queue.push(resolve));
      return;
    }
    this.open += 1;
  }

  private leave(): void {
    const next = this.queue.shift();
    if (next === undefined) this.open -= 1;
    else next();
  }
}

/** A transaction that has begun. It is ended once: by `commit`, or by `rollback`. */
export class OpenTransaction {
  /** Of its client, as the handler's part in it must leave it. */
  readonly state: ClientState;
  private ended = false;
  private distrusted = false;
  private changesSettings = false;
  private isMarked = true;

  /** @param ownsSession whether what outlasts a transaction is to be reset */
  constructor(
    readonly client: pg.PoolClient,
    private readonly ownsSession: boolean,
    private readonly onEnd: () => void,
  ) {
    this.state = new ClientState(client);
  }

  /** Whether the handler has ended it, and begun no other. */
  get isOver(): boolean {
    return !this.ended && this.client.getTransactionStatus() === 'I';
  }

  /** Its connection is broken, or leads to a server that does not write: nobody else is to be given it. */
  distrust(): void {
    this.distrusted = true;
  }

  /** The handler runs a statement. */
  notice({ changesSettings, resetsAll, prepares }: StatementUse): void {
    this.changesSettings ||= changesSettings;
    if (resetsAll) this.isMarked = false;
    if (prepares) this.distrust();
  }

  /** To be called before the step's end is recorded in it. */
  async readyToRecord(): Promise<void> {
    if (this.changesSettings) await this.client.query(RESET_FOR_RECORDING);
  }

  /**
   * Rejects where the commit failed, or where it is not known whether it did.
   *
   * @throws TransactionEndedError if the handler has ended the transaction and begun another, which is rolled back
   */
  async commit(): Promise<void> {
    try {
      const results = [await this.client.query(this.isMarked ? `${ASSERT_MARKED}; COMMIT` : 'COMMIT')].flat();
      // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement had failed.
      if (results.at(-1)?.command !== 'COMMIT')
        throw new Error('The transaction was rolled back: a statement in it had failed');
      this.end(undefined);
    } catch (error) {
      this.end(error);
      throw error instanceof Error && error.message.includes(ANOTHER_TRANSACTION)
        ? new TransactionEndedError()
        : error;
    }
  }

  /** Never rejects: a connection on which it can't be done is closed, and the server rolls back. */
  async rollback(): Promise<void> {
    if (this.ended) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('ROLLBACK takes too long')), ROLLBACK_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.client.query('ROLLBACK'), tooLong]);
      this.end(undefined);
    } catch (error) {
      this.end(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The reset runs in the background: only a caller that waits for a connection waits for it. */
  private end(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    void this.giveBack(this.distrusted || error !== undefined);
  }

  private async giveBack(broken: boolean): Promise<void> {
    let spoilt = broken;
    try {
      if (!spoilt && this.ownsSession) await this.client.query(RESET_SESSION);
    } catch {
      // It is closed instead, which resets it as well.
      spoilt = true;
    }
    this.state.restore();
    this.client.removeListener('error', ignore);
    this.client.release(spoilt);
    this.onEnd();
  }
}

function ignore(): void {}
