import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';

import { WorkerBootstrap } from '../../../src/index.js';
import type { SettingsOverrides, TaskRequest, WorkerHandle } from '../../../src/index.js';
import { Program } from '../../support/program.js';
import { Random } from '../../support/random.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { requestFor, TemplateFolder } from '../../support/workflows.js';
import { check } from '../checker/check.js';
import type { Verdict } from '../checker/check.js';
import { History } from '../history.js';
import type { FaultPoint } from '../worker/fault-points.js';
import { WORKFLOWS } from '../workflows.js';
import type { WorkflowName } from '../workflows.js';
import type { FaultServer } from './fault-server.js';
import { FaultWorker } from './fault-worker.js';
import { LEDGER_SQL } from './ledger.sql.js';
import { eventually } from './eventually.js';

export interface WorkerOptions {
  readonly settings?: SettingsOverrides;
  readonly faultPoints?: readonly FaultPoint[];
  readonly clockShiftMs?: number;
  readonly workMs?: number;
  readonly blockMs?: number;
  readonly without?: readonly string[];
  readonly enableWebApi?: boolean;
  /** Another way to the database than through the server's own proxy. */
  readonly through?: TcpProxy;
}

/** All scenarios run with this lease, so that a lost worker is soon noticed. */
export const LEASE_SECONDS = 2;

/**
 * What one run of a scenario lives in: a database of its own on the server, workers in processes of their own, who submits
 * and never fails, and the history.
 */
export class World {
  readonly random: Random;
  /** What `submit` acknowledged. */
  readonly acknowledged: string[] = [];
  private readonly workers: FaultWorker[] = [];

  private constructor(
    readonly server: FaultServer,
    readonly seed: number,
    private readonly database: string,
    private readonly folder: string,
    readonly templates: TemplateFolder,
    readonly history: History,
    private submitter: WorkerHandle | undefined,
  ) {
    this.random = new Random(seed);
  }

  static async open(server: FaultServer, seed: number): Promise<World> {
    const database = `faults_${randomUUID().replaceAll('-', '')}`;
    const folder = await mkdtemp(join(tmpdir(), 'tasker-faults-'));
    const templates = await TemplateFolder.make(Object.values(WORKFLOWS));
    const history = new History(join(folder, 'history.jsonl'));
    const world = new World(server, seed, database, folder, templates, history, undefined);
    await world.administer('postgres', `CREATE DATABASE ${database} TEMPLATE template0`);
    await world.openSubmitter();
    await world.administer(database, LEDGER_SQL);
    return world;
  }

  /** Who submits, in this process, straight to the server. */
  get client(): WorkerHandle['client'] {
    if (this.submitter === undefined) throw new Error('Nobody submits: the server is down');
    return this.submitter.client;
  }

  /** Starts a worker and waits until it is ready. */
  async worker(options: WorkerOptions = {}): Promise<FaultWorker> {
    const worker = this.launch(options);
    await worker.ready();
    return worker;
  }

  /** Starts a worker that may not live to be ready. */
  launch(options: WorkerOptions = {}): FaultWorker {
    const worker = FaultWorker.launch({
      bootstrap: {
        enableWebApi: options.enableWebApi ?? false,
        workerId: `worker-${this.workers.length + 1}`,
        settings: {
          databaseUrl: this.urlThrough(options.through ?? this.server.proxy),
          templatePaths: [this.templates.path],
          port: 0,
          leaseSeconds: LEASE_SECONDS,
          pollIntervalMs: 200,
          maxConcurrency: 10,
          retryJitter: false,
          ...options.settings,
        },
      },
      historyFile: this.history.file,
      faultPoints: options.faultPoints ?? [],
      clockShiftMs: options.clockShiftMs ?? 0,
      workMs: options.workMs ?? 5,
      blockMs: options.blockMs ?? 0,
      without: options.without ?? [],
    });
    this.workers.push(worker);
    return worker;
  }

  /** Submits tasks of these workflows, in turn. */
  async submit(
    names: readonly WorkflowName[],
    count: number,
    context: TaskRequest['context'] = {},
  ): Promise<readonly string[]> {
    const requests = Array.from({ length: count }, (_, n) => {
      const name = names[n % names.length] ?? 'lone';
      return requestFor(WORKFLOWS[name], context);
    });
    const outcomes = await this.client.submitMany(requests);
    const accepted = outcomes.flatMap((outcome) => ('taskUuid' in outcome ? [outcome.taskUuid] : []));
    this.acknowledged.push(...accepted);
    return accepted;
  }

  /** Resolves when every acknowledged task has ended or is blocked. */
  async settled(): Promise<void> {
    await eventually('all tasks have ended or are blocked', async () => {
      const [row] = await this.rows<{ open: number }>(
        'SELECT count(*)::integer AS open FROM tasker.tasks WHERE status = 0',
      );
      return row?.open === 0;
    });
  }

  /** Waits for the end of all tasks, stops all workers, and looks for broken promises. */
  async verdict(): Promise<Verdict> {
    await this.settled();
    await this.stopWorkers();
    return this.within(this.database, (client) => check(client, this.history, this.acknowledged));
  }

  /** What the database says, past the proxy. */
  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return this.within(this.database, async (client) => {
      const { rows } = await client.query(text, [...values]);
      return rows;
    });
  }

  /** Sessions that begin from now on can only read, or can write again. */
  async setReadOnly(readOnly: boolean): Promise<void> {
    await this.administer(
      'postgres',
      `ALTER DATABASE ${this.database} SET default_transaction_read_only = ${readOnly ? 'on' : 'off'}`,
    );
  }

  /** Ends the sessions of this database whose application name is like this; answers with how many there were. */
  async terminateBackends(like: string): Promise<number> {
    const ended = await this.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE $1`,
      [like],
    );
    return ended.length;
  }

  /** Stops the server and brings it back. `meanwhile` runs while it is down. */
  async restartServer(how: 'fast' | 'crash', meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.closeSubmitter();
    await this.server.stop(how);
    await meanwhile();
    await this.server.start();
    await this.openSubmitter();
  }

  urlThrough(proxy: TcpProxy): string {
    return withDatabase(proxy.url, this.database);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.closeSubmitter();
    this.server.proxy.open();
    await this.administer('postgres', `DROP DATABASE IF EXISTS ${this.database} WITH (FORCE)`);
    await this.templates.removeAll();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end()));
  }

  private async openSubmitter(): Promise<void> {
    this.submitter = await WorkerBootstrap.bootstrap({
      enableWebApi: false,
      logger: false,
      settings: {
        databaseUrl: withDatabase(this.server.directUrl, this.database),
        templatePaths: [this.templates.path],
        role: 'api',
      },
    });
  }

  private async closeSubmitter(): Promise<void> {
    await this.submitter?.stop();
    this.submitter = undefined;
  }

  private async administer(database: string, text: string): Promise<void> {
    await this.within(database, (client) => client.query(text));
  }

  private async within<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: withDatabase(this.server.directUrl, database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** For the end of a run that failed on the way. */
export async function killAllPrograms(): Promise<void> {
  await Program.killAll();
}
