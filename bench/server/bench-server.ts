import { chmod, rm } from 'node:fs/promises';

import { Client } from 'pg';

import { EmbeddedPostgres } from '../../src/database/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/**
 * The same for every engine. Durability is as PostgreSQL has it by default (fsync and synchronous_commit on); these are sizes
 * that anyone gives a server, so that runs are not about checkpoints.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  max_connections: '200',
};

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** The embedded PostgreSQL of a run of the bench, with a database an engine. */
export class BenchServer {
  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
    /** A connection to none of the engines' databases, for looking at what they do. */
    readonly observer: Client,
  ) {}

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
    const folder = await temporaryFolder('server');
    // As root the server runs as another user, who has to get in.
    await chmod(folder, 0o755);
    return BenchServer.startIn(folder, settings);
  }

  private static async startIn(
    folder: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<BenchServer> {
    const server = await EmbeddedPostgres.start({
      dataDir: folder,
      logger: SILENT,
      settings: { ...SETTINGS, ...settings },
    });
    const observer = new Client({ connectionString: server.url });
    await observer.connect();
    return new BenchServer(server, folder, settings, observer);
  }

  /** The pid of the server, which is the parent of all that work for it. */
  get pid(): number {
    return this.server.pid;
  }

  /** Makes an empty database; answers with its URL. */
  async createDatabase(name: string): Promise<string> {
    // On a connection of its own: several may be made at once.
    const client = new Client({ connectionString: this.server.url });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE template0`);
    } finally {
      await client.end();
    }
    return this.urlOf(name);
  }

  urlOf(database: string): string {
    const url = new URL(this.server.url);
    url.pathname = `/${database}`;
    return url.href;
  }

  /** Stops it, and answers with a new one on the same data. */
  async restart(): Promise<BenchServer> {
    await this.observer.end();
    await this.server.stop();
    return BenchServer.startIn(this.folder, this.settings);
  }

  async stop(): Promise<void> {
    await this.observer.end();
    await this.server.stop();
    await rm(this.server.dataDir, { recursive: true, force: true });
    await rm(this.folder, { recursive: true, force: true });
  }
}
