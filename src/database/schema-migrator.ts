import { readdir } from 'node:fs/promises';
import { parse } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { escapeIdentifier } from 'pg';
import type pg from 'pg';
import { ENGINE_MIGRATIONS } from './engine-migrations.files.js';
import type { MigrationFile } from './engine-migrations.files.js';
import { isDenied, isMissingTable } from './postgres-errors.js';
import { checkMayMigrate, checkRights, explainDenial } from './rights.check.js';

/** The newest schema that this code knows: what `tasker.schema_version()` answers after our migrations. */
export const SCHEMA_VERSION = 1;

/** Any processes that start at once take turns on this advisory lock ("tasker" in ASCII). */
const LOCK_ID = 0x7461736b6572;

/** Also how long a process waits for another one that migrates. */
const LONGEST_MIGRATION_MS = 60 * 60_000;
/** How often it looks whether that one is done. */
const TURN_PAUSE_MS = 50;

/** As node-pg-migrate makes it for the migrations of namespaces. */
const CREATE_TABLE =
  'CREATE TABLE tasker.migrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)';

/** One set of plain SQL migrations and the table that remembers which of them have run. */
interface MigrationSet {
  readonly names: readonly string[];
  readonly table: string;
  /** Runs those that have not run, in one transaction, and answers their names. */
  readonly apply: (client: pg.Client, schemaExists: boolean) => Promise<readonly string[]>;
}

interface DirectConnections {
  /** Fires when migrations are to be given up: no more waiting, and what is under way is rolled back. */
  readonly abandoned?: AbortSignal;
  connectDirect(purpose: string, queryTimeoutMs: number): Promise<pg.Client>;
}

/**
 * Brings a schema up to date with plain SQL migrations, the engine's own or the files of a directory, in the order of their names, in one transaction: a
 * failure leaves the schema as it was. Safe when any number of processes call it at once: one works, the others wait and find
 * nothing to do.
 */
export class SchemaMigrator {
  constructor(
    private readonly connections: DirectConnections,
    private readonly logger: LoggerService,
  ) {}

  /** The engine's own schema. */
  async migrate(): Promise<void> {
    await this.run({
      names: ENGINE_MIGRATIONS.map(({ name }) => name),
      table: 'migrations',
      apply: (client, schemaExists) => this.applyOwn(client, schemaExists),
    });
  }

  /** The tables of a namespace, remembered apart from the engine's and from other namespaces'. */
  async migrateNamespace(namespace: string, directory: string): Promise<void> {
    const table = `migrations_${namespace}`;
    await this.run({
      names: await migrationNames(directory),
      table,
      apply: (client, schemaExists) => this.applyDirectory(client, directory, table, schemaExists),
    });
  }

  private async run({ names, table, apply }: MigrationSet): Promise<void> {
    const { abandoned } = this.connections;
    abandoned?.throwIfAborted();
    const client = await this.connections.connectDirect('migrations', LONGEST_MIGRATION_MS);
    // The driver reports a broken connection here as well as to the statement under way, which is where it is handled.
    client.on('error', () => undefined);
    // Of a connection with a statement under way this closes the socket: the statement fails here and is rolled back there.
    const giveUp = (): void => void client.end().catch(() => undefined);
    abandoned?.addEventListener('abort', giveUp, { once: true });
    try {
      // Most starts find that everything has run, and need neither their turn nor the runner.
      if (await haveRun(client, table, names)) return;
      await this.takeTurn(client);
      const done = await apply(client, await checkMayMigrate(client));
      if (done.length > 0) {
        this.logger.log(`Ran ${done.length} migration(s), up to ${done.at(-1)} (tasker.${table})`);
      }
    } catch (error) {
      abandoned?.throwIfAborted();
      throw isDenied(error) ? await explainDenial(client, error) : error;
    } finally {
      abandoned?.removeEventListener('abort', giveUp);
      await client.end();
    }
  }

  /** The engine's own are part of its code, so that an application may be bundled into one file. */
  private async applyOwn(client: pg.Client, schemaExists: boolean): Promise<readonly string[]> {
    await client.query('BEGIN');
    try {
      // PostgreSQL asks for CREATE in the database, or in the schema, even when what is to be created is there already.
      if (!schemaExists) await client.query('CREATE SCHEMA tasker');
      if (!(await exists(client, 'migrations'))) await client.query(CREATE_TABLE);
      const { rows } = await client.query<{ name: string }>('SELECT name FROM tasker.migrations');
      const done = new Set(rows.map(({ name }) => name));
      const pending = ENGINE_MIGRATIONS.filter(({ name }) => !done.has(name));
      for (const migration of pending) await this.applyOne(client, migration);
      await client.query('COMMIT');
      return pending.map(({ name }) => name);
    } catch (error) {
      // A connection that is gone has rolled back, and the error says what went wrong.
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private async applyOne(client: pg.Client, { name, sql }: MigrationFile): Promise<void> {
    try {
      await client.query(sql);
      await client.query('INSERT INTO tasker.migrations (name, run_on) VALUES ($1, now())', [name]);
    } catch (error) {
      this.logger.warn(`Migration ${name} failed; all migrations of this run are rolled back`);
      throw error;
    }
  }

  private async applyDirectory(
    client: pg.Client,
    directory: string,
    table: string,
    schemaExists: boolean,
  ): Promise<readonly string[]> {
    const { runner } = await import('node-pg-migrate');
    const done = await runner({
      dbClient: client,
      dir: directory,
      direction: 'up',
      count: Number.POSITIVE_INFINITY,
      migrationsSchema: 'tasker',
      migrationsTable: table,
      createMigrationsSchema: !schemaExists,
      noLock: true,
      // A newer release may have added files that this one does not know.
      checkOrder: false,
      logger: { debug: () => undefined, info: () => undefined, warn: this.warn, error: this.warn },
    });
    return done.map(({ name }) => name);
  }

  /** Asks again and again instead of queueing: a server notices late that somebody who queued for a lock is gone. */
  private async takeTurn(client: pg.Client): Promise<void> {
    const deadline = performance.now() + LONGEST_MIGRATION_MS;
    for (let round = 1; ; round += 1) {
      const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [
        LOCK_ID,
      ]);
      if (rows[0]?.mine === true) return;
      if (performance.now() > deadline) {
        throw new Error(`Another process has been migrating for ${LONGEST_MIGRATION_MS / 60_000} minutes`);
      }
      if (round === 1) this.logger.log('Another process migrates the schema; waiting for it');
      this.connections.abandoned?.throwIfAborted();
      await delay(TURN_PAUSE_MS);
    }
  }

  private readonly warn = (message: string): void => {
    this.logger.warn(message);
  };
}

/** As their table remembers them. */
async function migrationNames(directory: string): Promise<readonly string[]> {
  const files = (await readdir(directory).catch(() => [])).filter((file) => !file.startsWith('.'));
  if (!files.some((file) => file.endsWith('.sql'))) {
    throw new Error(`No .sql migrations in ${directory}: expected files such as 0001_create_stock.sql`);
  }
  return files.map((file) => parse(file).name);
}

/** Whether all of these are remembered. Each run is one transaction, so what is seen of one is all of it. */
async function haveRun(client: pg.Client, table: string, names: readonly string[]): Promise<boolean> {
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM tasker.${escapeIdentifier(table)}`,
    );
    const done = new Set(rows.map(({ name }) => name));
    return names.every((name) => done.has(name));
  } catch (error) {
    if (isMissingTable(error)) return false;
    if (isDenied(error)) {
      if (!(await exists(client, table))) return false;
      await checkRights(client);
    }
    throw error;
  }
}

/** Whether there is such a table, also for a role that may not look into the schema. */
async function exists(client: pg.Client, table: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'tasker' AND c.relname = $1`,
    [table],
  );
  return rowCount !== 0;
}
