import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { prepareCluster, SUPERUSER } from './data-cluster.js';
import { EmbeddedPostgresStartError } from './embedded-postgres.errors.js';
import type { EmbeddedPostgresLogger, EmbeddedPostgresOptions } from './embedded-postgres.options.js';
import { OwnerLock } from './owner-lock.js';
import { binariesOfPackage, findPostgresBinaries } from './postgres-binaries.js';
import { HOST, PostgresServer } from './postgres-server.js';
import { prepareBinaries, prepareHome } from './server-place.js';
import { chooseServerUser, userOfData } from './server-user.js';

const DATABASE = 'tasker';

const BASE_SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Failed statements are the client's to log; with them the log would grow without bound.
  log_min_messages: 'log',
};

/** For tests: as fast as it gets, and lost when the machine crashes. */
const NOT_DURABLE: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
};

/**
 * A PostgreSQL server of this process's own, for a service that was given no `DATABASE_URL`.
 *
 * Its data is kept between runs. It serves one owner at a time, listens on the loopback address only, and ends with
 * its owner, even if that one is killed. Signals are the application's business: it drains first, then calls `stop`.
 *
 * Files, in `<dataDir>/postgres`: `data` (PostgreSQL's own), `server.log` and `initdb.log` of the last start, and
 * `owner-<n>.json`, which says whose the server is.
 */
export class EmbeddedPostgres {
  private stopping: Promise<void> | undefined;

  private constructor(
    /** Connects to the database `tasker`, as a superuser. */
    readonly url: string,
    /** Where the server's files really are; not in the given folder, if the server's user can't get there. */
    readonly dataDir: string,
    private readonly server: PostgresServer,
    private readonly lock: OwnerLock,
    private readonly logger: EmbeddedPostgresLogger,
  ) {
    server.unref();
    void this.reportUnexpectedEnd();
  }

  /**
   * Starts the server, on data that is made if there is none yet; resolves when the database `tasker` can be used.
   * Where an earlier owner was killed and its server still runs, that one is stopped first.
   *
   * @throws EmbeddedPostgresInUseError when another live process owns the server of this folder
   * @throws EmbeddedPostgresBinariesMissingError when there are no binaries for this machine
   * @throws EmbeddedPostgresFolderRefusedError when a folder belongs to another user, or can't be made or written
   * @throws DataDirRefusedError instead of it, when the folder was given by name
   * @throws EmbeddedPostgresStartError when PostgreSQL itself fails
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const { logger, onLaunch, binaryPackage } = options;
    const durable = options.durability !== 'none';
    const installed = await (binaryPackage === undefined
      ? findPostgresBinaries()
      : binariesOfPackage(binaryPackage));
    const rootsUser = await chooseServerUser(clusterIn(options.dataDir));
    const home = await prepareHome(options, rootsUser);
    const user = rootsUser && (await userOfData(`${home}/data`, rootsUser));
    const binaries = await prepareBinaries(installed, user, logger);
    const settings = { ...BASE_SETTINGS, ...(durable ? {} : NOT_DURABLE), ...options.settings };

    const lock = await OwnerLock.acquire(home);
    try {
      const data = await prepareCluster(home, binaries, user, durable);
      const server = await PostgresServer.start({ home, data, binaries, user, settings, logger, onLaunch });
      try {
        await createDatabaseUnlessThere(server.port);
      } catch (error) {
        await server.stop();
        throw error;
      }
      logger.log(
        `Embedded PostgreSQL is ready on ${HOST}:${server.port} (pid ${server.pid}), its data in ${home}`,
      );
      return new EmbeddedPostgres(urlOf(server.port, DATABASE), home, server, lock, logger);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Whether a start finds data in this folder, and makes none. */
  static hasData(dataDir: string): boolean {
    return existsSync(clusterIn(dataDir));
  }

  /** The server's own pid. */
  get pid(): number {
    return this.server.pid;
  }

  /** The pid of the process that stops the server when this process is gone. */
  get guardPid(): number {
    return this.server.guardPid;
  }

  /**
   * Ends open connections and shuts the server down; resolves when its process is gone and the data is free for
   * another owner. Safe to call again, or after the server ended by itself.
   */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  private async shutDown(): Promise<void> {
    await this.server.stop();
    await this.lock.release();
  }

  private async reportUnexpectedEnd(): Promise<void> {
    const end = await this.server.ended;
    if (this.stopping !== undefined) return;
    if (end.kind === 'unguarded') {
      this.logger.warn(
        `The guard of the embedded PostgreSQL ended (pid ${this.guardPid}); the server runs on, but would outlive a ` +
          `kill of this process until the next start`,
      );
      return;
    }
    this.logger.error(
      `Embedded PostgreSQL ended unexpectedly (exit code ${end.code}, signal ${end.signal}); restart this process to ` +
        `have it back. Its log is ${this.dataDir}/server.log`,
    );
  }
}

/** Apart from initdb, for a crash may come between the two. */
async function createDatabaseUnlessThere(port: number): Promise<void> {
  const client = new Client({ connectionString: urlOf(port, 'postgres'), ssl: false });
  // A connection that is lost between two calls would end this process; the next call reports it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    throw new EmbeddedPostgresStartError(
      `the database ${DATABASE} could not be made (${error instanceof Error ? error.message : String(error)})`,
      '',
      { cause: error },
    );
  } finally {
    await client.end();
  }
}

/** Where PostgreSQL's data is, unless the server's user can't get there. */
function clusterIn(dataDir: string): string {
  return join(dataDir, 'postgres', 'data');
}

function urlOf(port: number, database: string): string {
  return `postgres://${SUPERUSER}@${HOST}:${port}/${database}`;
}
