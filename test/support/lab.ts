import { Pool } from 'pg';
import type { QueryResultRow } from 'pg';

import { WorkerBootstrap } from '../../src/index.js';
import type { SettingsOverrides, WorkerBootstrapConfig, WorkerHandle } from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';

import { createTestDatabase } from './postgres-server.js';
import type { TestDatabase } from './postgres-server.js';
import { namespaceModule, TemplateFolder } from './workflows.js';
import type { HandlerFunction, Workflow } from './workflows.js';

export interface LabWorker extends Omit<WorkerBootstrapConfig, 'settings'> {
  readonly settings?: SettingsOverrides;
  /** Handlers of namespace "lab" by step name. */
  readonly handlers?: Readonly<Record<string, HandlerFunction>>;
}

/** A database of its own, a folder of templates, and the workers that run on them; `close` ends all of it. */
export class Lab {
  private readonly workers: WorkerHandle[] = [];

  private constructor(
    private readonly database: TestDatabase,
    private readonly pool: Pool,
    readonly templates: TemplateFolder,
    readonly clock: TestClock,
  ) {}

  static async open(...workflows: readonly Workflow[]): Promise<Lab> {
    return Lab.at(await createTestDatabase(), ...workflows);
  }

  /** On a database that is there already. */
  static async at(database: TestDatabase, ...workflows: readonly Workflow[]): Promise<Lab> {
    const pool = new Pool({ connectionString: database.url, max: 3, connectionTimeoutMillis: 5_000 });
    // Some tests end the connections to the database.
    pool.on('error', () => undefined);
    return new Lab(database, pool, await TemplateFolder.make(workflows), new TestClock(database.url));
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  /** Starts a worker in this process, on whatever port is free if it has a web API. */
  async worker({ handlers, settings, imports, ...config }: LabWorker): Promise<WorkerHandle> {
    const worker = await WorkerBootstrap.bootstrap({
      enableWebApi: false,
      logger: false,
      ...config,
      imports: [...(imports ?? []), ...(handlers === undefined ? [] : [namespaceModule('lab', handlers)])],
      settings: {
        databaseUrl: this.databaseUrl,
        templatePaths: [this.templates.path],
        port: 0,
        pollIntervalMs: 100,
        retryJitter: false,
        ...settings,
      },
    });
    this.workers.push(worker);
    return worker;
  }

  /** What the database says, without the service in between. */
  async rows<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    return (await this.pool.query<Row>(text, [...values])).rows;
  }

  /**
   * Runs a statement on a connection that is kept until the answer is called: locks, for instance, are held for so long. An open
   * transaction is rolled back then.
   */
  async hold(text: string): Promise<() => Promise<void>> {
    const client = await this.pool.connect();
    await client.query(text);
    return async () => {
      await client.query('ROLLBACK');
      await client.query('DISCARD ALL');
      client.release();
    };
  }

  async stopWorkers(): Promise<void> {
    const workers = this.workers.splice(0);
    await Promise.all(workers.map((worker) => worker.stop()));
  }

  async close(): Promise<void> {
    try {
      await this.stopWorkers();
    } finally {
      await this.pool.end();
      await this.database.drop();
      await this.templates.removeAll();
    }
  }
}
