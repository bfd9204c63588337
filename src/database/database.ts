import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Client, Pool } from 'pg';
import type pg from 'pg';
import { firstValueFrom, ReplaySubject } from 'rxjs';
import { OwnContext } from '../context/index.js';
import { DatabaseSettings, WorkerSettings } from '../config/index.js';
import { EmbeddedPostgres } from './embedded/index.js';
import {
  DatabaseClosedError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  isUnfit,
  START_PATIENCE_MS,
  StartAbandonedError,
  TransactionPoolerError,
} from './database.errors.js';
import { OWN_TYPES } from './own-types.js';
import { checkRights } from './rights.check.js';
import { SchemaMigrator } from './schema-migrator.js';
import { checkPooledSession, checkServer, pinSession } from './session.check.js';
import { clientOfContext } from './context.client.js';
import { ownFailure } from './own-failures.js';
import { classifyFailure, isForeignStatement, isTransient } from './postgres-errors.js';

/** A statement with a name is prepared once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** How columns are read, if not in the driver's default way. What `pg.types` was told to do otherwise does not count. */
  readonly types?: pg.CustomTypesConfig;
}

/** How long a statement may go unanswered before its connection is given up as dead. */
const QUERY_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const START_PAUSE_MS = 500;
/** The pool waits for the promise before it lends the connection; its types do not say so. */
const PIN_SESSION: (client: pg.ClientBase) => unknown = pinSession;
const DEFAULT_DATA_DIR = new DatabaseSettings().dataDir;

/**
 * The way to PostgreSQL: a pool for the service's statements, and connections of their own for those who need one.
 *
 * `open` finds the server (starting the embedded one where no `DATABASE_URL` is given) and brings the schema up to date;
 * it is safe to call from anywhere, any number of times. `abandonOpening` makes it reject soon. `close` ends everything that
 * `open` began.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);
  private opening: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private embedded: Promise<EmbeddedPostgres> | undefined;
  private readonly launched = new ReplaySubject<void>(1);
  private pool: pg.Pool | undefined;
  private url = '';
  private directUrl = '';
  private readonly abandonment = new AbortController();
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly settings: DatabaseSettings,
    private readonly worker: WorkerSettings,
  ) {}

  /**
   * Lets the embedded server come up while the caller does something else; `open` waits for it, and says what went wrong. Does
   * nothing where there is no such server, or no data yet: a start that is refused for other reasons leaves none behind.
   *
   * Resolves when the server's process runs, or can't: a caller who keeps this process busy earlier only delays it.
   */
  async startAhead(): Promise<void> {
    const { databaseUrl, dataDir } = this.settings;
    if (databaseUrl !== undefined || this.abandoned.aborted || !EmbeddedPostgres.hasData(dataDir)) return;
    const settled = this.embeddedServer().then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([firstValueFrom(this.launched), settled]);
  }

  /** Resolves when statements can be run on an up-to-date schema. Rejects where that can't be had. */
  open(): Promise<void> {
    this.opening ??= this.connect();
    return this.opening;
  }

  /**
   * No longer waits for a server that does not answer, nor for another process that migrates: `open` rejects with
   * `StartAbandonedError`, and so do migrations. What is open by now stays so until `close`. Safe to call at any time.
   */
  abandonOpening(): void {
    this.abandonment.abort(new StartAbandonedError());
  }

  /** Fires when whatever still starts is to give up. */
  get abandoned(): AbortSignal {
    return this.abandonment.signal;
  }

  /** Runs one statement on a connection of the pool. */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      const result = await this.openPool().query<Row>(this.prepared(statement, values));
      return result.rows;
    } catch (error) {
      throw ownFailure(this.explained(error));
    }
  }

  /** Runs one statement on a connection that the caller holds, in the caller's transaction. */
  async queryOn<Row extends pg.QueryResultRow>(
    client: pg.ClientBase,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const result = await client.query<Row>(this.prepared(statement, values));
    return result.rows;
  }

  /**
   * A connection of the pool for the caller alone. One that breaks meanwhile fails the statement under way or the next one,
   * and nothing else. The caller releases it; with `true` where it broke, or where the server behind it is not one to write
   * to (`isConnectionLoss`), so that nobody else is given it.
   */
  async acquire(): Promise<pg.PoolClient> {
    return this.openPool().connect();
  }

  /**
   * A connection outside the pool, straight to the server (`DATABASE_DIRECT_URL` where given). The caller ends it and
   * listens for its `error` event.
   */
  async connectDirect(
    purpose: string,
    queryTimeoutMs: number | undefined = QUERY_TIMEOUT_MS,
  ): Promise<pg.Client> {
    const client = await this.openDirect(purpose, queryTimeoutMs);
    await pinSession(client);
    return client;
  }

  /** The service's URL of the database: the setting, or the embedded server's. */
  get connectionUrl(): string {
    return this.url;
  }

  /** How the pool is used right now. */
  poolUsage(): {
    readonly limit: number;
    readonly size: number;
    readonly idle: number;
    readonly waiting: number;
  } {
    return {
      limit: this.settings.poolSize,
      size: this.pool?.totalCount ?? 0,
      idle: this.pool?.idleCount ?? 0,
      waiting: this.pool?.waitingCount ?? 0,
    };
  }

  /** Ends the pool and the embedded server. Safe to call twice, or without `open`. */
  close(): Promise<void> {
    this.abandonOpening();
    this.closing ??= this.disconnect();
    return this.closing;
  }

  private async connect(): Promise<void> {
    this.url = this.settings.databaseUrl ?? (await this.embeddedServer()).url;
    this.directUrl = this.settings.databaseDirectUrl ?? this.url;
    this.abandoned.throwIfAborted();
    await this.waitFor(() => this.checkServer());
    await new SchemaMigrator(this, this.logger).migrate();
    const pool = this.createPool();
    this.pool = pool;
    await this.waitFor(() => this.checkPool(pool));
  }

  /** A direct URL is given beside the service's URL, which then leads through a transaction pooler. */
  private get isPooled(): boolean {
    return this.settings.databaseDirectUrl !== undefined;
  }

  private async checkPool(pool: pg.Pool): Promise<void> {
    const client = await pool.connect();
    try {
      if (this.isPooled) await checkPooledSession(client);
      await checkRights(client);
    } finally {
      client.release();
    }
  }

  private embeddedServer(): Promise<EmbeddedPostgres> {
    const { dataDir } = this.settings;
    this.embedded ??= EmbeddedPostgres.start({
      dataDir,
      dataDirIsGiven: dataDir !== DEFAULT_DATA_DIR,
      logger: this.logger,
      onLaunch: () => this.launched.next(),
    });
    return this.embedded;
  }

  private createPool(): pg.Pool {
    const pool = new Pool({
      Client: clientOfContext(this.ownContext),
      connectionString: this.url,
      application_name: this.applicationName('pool'),
      max: this.settings.poolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      ...(this.isPooled ? {} : { onConnect: PIN_SESSION }),
    });
    // For its whole life: without a listener one that breaks while somebody holds it would end the process.
    pool.on('connect', (client) => {
      client.on('error', (error) => this.logger.debug(`A database connection broke: ${error.message}`));
    });
    // An idle one is replaced on next use.
    pool.on('error', (error) => {
      if (this.closing === undefined) {
        this.logger.warn(`An idle database connection broke: ${error.message}`);
      }
    });
    return pool;
  }

  /** Calls `check` until it gets an answer, or for as long as a start is patient. */
  private async waitFor(check: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + START_PATIENCE_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await unlessAborted(this.abandoned, check());
        return;
      } catch (error) {
        this.abandoned.throwIfAborted();
        if (isUnfit(error)) throw error;
        if (classifyFailure(error) === 'refused' || !isTransient(error))
          throw new DatabaseRefusedError(error);
        if (performance.now() > deadline) throw new DatabaseUnreachableError(error);
        if (attempt === 1) {
          this.logger.warn(
            `The database does not answer yet (${String(error)}); trying for ${START_PATIENCE_MS / 1000} s`,
          );
        }
        await unlessAborted(this.abandoned, delay(START_PAUSE_MS));
      }
    }
  }

  private async checkServer(): Promise<void> {
    const another = (): Promise<pg.Client> => this.openDirect('start', QUERY_TIMEOUT_MS);
    const client = await another();
    client.on('error', () => undefined);
    try {
      await checkServer(client, another, this.isPooled);
    } finally {
      await client.end();
    }
  }

  /** As the role and the database have it: no setting is changed. */
  private async openDirect(purpose: string, queryTimeoutMs: number): Promise<pg.Client> {
    const client = new Client({
      types: OWN_TYPES,
      connectionString: this.directUrl,
      application_name: this.applicationName(purpose),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    });
    await this.ownContext.run(() => client.connect());
    return client;
  }

  private async disconnect(): Promise<void> {
    // A failed or unfinished opening leaves what it got as far as; its error has been told to whoever awaited it.
    await this.opening?.catch(() => undefined);
    const embedded = await this.embedded?.catch(() => undefined);
    await this.pool?.end();
    await embedded?.stop();
  }

  /** As `pg_stat_activity` shows it; PostgreSQL keeps 63 bytes. */
  private applicationName(purpose: string): string {
    return `tasker-nest ${purpose} ${this.worker.workerId}`;
  }

  private openPool(): pg.Pool {
    if (this.pool === undefined || this.closing !== undefined) {
      throw new DatabaseClosedError();
    }
    return this.pool;
  }

  /** A prepared statement that is not there, or there already, is another session's: a pooler has come in between. */
  private explained(error: unknown): unknown {
    return !this.isPooled && isForeignStatement(error) ? new TransactionPoolerError(false, error) : error;
  }

  /** Through a transaction pooler (a direct URL is given beside it) a prepared statement may meet another server session. */
  private prepared(statement: Statement, values: readonly unknown[]): pg.QueryConfig {
    const { name, text, types = OWN_TYPES } = statement;
    const query: pg.QueryConfig = { text, types };
    query.values = [...values];
    if (!this.isPooled) query.name = name;
    return query;
  }
}

/** Rejects as soon as the signal fires, with its reason; what the promise comes to then is nobody's concern any more. */
async function unlessAborted(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  signal.throwIfAborted();
  const waiting = new AbortController();
  const aborted = once(signal, 'abort', { signal: waiting.signal });
  // Whichever of the two comes second is nobody's concern any more.
  aborted.catch(() => undefined);
  promise.catch(() => undefined);
  try {
    await Promise.race([promise, aborted]);
    signal.throwIfAborted();
  } finally {
    waiting.abort();
  }
}
