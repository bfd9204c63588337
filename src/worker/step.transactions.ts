import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { DatabaseSettings } from '../config/index.js';
import { Database } from '../database/index.js';

/** Connections that are left to claims, completions and reads when all transactions are taken. */
const SPARE_CONNECTIONS = 3;
const ROLLBACK_TIMEOUT_MS = 1_000;

/**
 * Gives handlers' transactions a connection of the pool each, and makes those wait their turn that would take the last
 * ones: handlers may starve each other, but not the engine.
 */
@Injectable()
export class StepTransactions {
  private readonly limit: number;
  private open = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly database: Database,
    settings: DatabaseSettings,
  ) {
    this.limit = Math.max(1, settings.poolSize - SPARE_CONNECTIONS);
  }

  async begin(): Promise<OpenTransaction> {
    await this.turn();
    try {
      const client = await this.database.acquire();
      // A connection that breaks fails the statement under way or the next one; unheard, the event would end the process.
      client.on('error', ignore);
      try {
        await client.query('BEGIN');
      } catch (error) {
        client.release(true);
        throw error;
      }
      return new OpenTransaction(client, () => this.leave());
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
  private ended = false;
  private distrusted = false;

  constructor(
    readonly client: pg.PoolClient,
    private readonly onEnd: () => void,
  ) {}

  /** Its connection is broken, or leads to a server that does not write: nobody else is to be given it. */
  distrust(): void {
    this.distrusted = true;
  }

  /** Rejects where the commit failed, or where it is not known whether it did. */
  async commit(): Promise<void> {
    try {
      const { command } = await this.client.query('COMMIT');
      // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement had failed.
      if (command !== 'COMMIT')
        throw new Error('The transaction was rolled back: a statement in it had failed');
      this.end(undefined);
    } catch (error) {
      this.end(error);
      throw error;
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

  private end(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.client.removeListener('error', ignore);
    this.client.release(this.distrusted || error !== undefined);
    this.onEnd();
  }
}

function ignore(): void {}
