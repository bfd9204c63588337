import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, DatabaseError } from 'pg';

import { WorkerBootstrap } from '../../../src/index.js';
import type { SettingsOverrides, TaskRequest, WorkerHandle } from '../../../src/index.js';
import { Random } from '../../support/random.js';
import { requestFor, TemplateFolder } from '../../support/workflows.js';
import { check } from '../checker/check.js';
import type { Verdict } from '../checker/check.js';
import type { Defect } from '../defects.js';
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
  readonly schemaVersion?: number;
  readonly workMs?: number;
  readonly blockMs?: number;
  readonly without?: readonly string[];
  readonly enableWebApi?: boolean;
  /** Where its templates are; the world's where left out. */
  readonly templates?: TemplateFolder;
}

/** What the worlds of one run of the bench have in common. */
export interface WorldGround {
  readonly server: FaultServer;
  /** The workers' code; see `Program.compile`. */
  readonly compiled: string;
}

export interface WorldOptions {
  /** What is wrong in this world, to see whether anybody notices. */
  readonly defect?: Defect;
  /** The machine may be busy with anything: figures are told, and held against no bound. */
  readonly untimed?: boolean;
  /** How long all tasks together may take to end once nothing disturbs them. */
  readonly patienceMs?: number;
}

/** All scenarios run with this lease, so that a lost worker is soon noticed. */
export const LEASE_SECONDS = 2;
/** Long: what does not end within it never ends, however busy the machine. */
const PATIENCE_MS = 180_000;

/**
 * What one run of a scenario lives in: a database of its own on the server, workers in processes of their own, who submits
 * and never fails, and the history.
 */
export class World {
  readonly random: Random;
  /** What `submit` acknowledged. */
  readonly acknowledged: string[] = [];
  private readonly workers: FaultWorker[] = [];
  private observer: Promise<Client> | undefined;

  private constructor(
    private readonly ground: WorldGround,
    readonly seed: number,
    private readonly options: WorldOptions,
    private readonly database: string,
    private readonly folder: string,
    readonly templates: TemplateFolder,
    readonly history: History,
    private readonly submitter: WorkerHandle,
  ) {
    this.random = new Random(seed);
  }

  static async open(ground: WorldGround, seed: number, options: WorldOptions = {}): Promise<World> {
    const { server } = ground;
    const database = `faults_${randomUUID().replaceAll('-', '')}`;
    const folder = await mkdtemp(join(tmpdir(), 'tasker-faults-'));
    const templates = await TemplateFolder.make(Object.values(WORKFLOWS));
    await within(server, 'postgres', (client) =>
      client.query(`CREATE DATABASE ${database} TEMPLATE template0`),
    );
    const submitter = await WorkerBootstrap.bootstrap({
      enableWebApi: false,
      logger: false,
      settings: {
        workerId: 'submitter',
        databaseUrl: withDatabase(server.sideDoor.url, database),
        templatePaths: [templates.path],
        role: 'api',
        maxBacklog: 1_000_000,
      },
    });
    await within(server, database, async (client) => {
      await client.query(LEDGER_SQL);
      await options.defect?.put(client);
    });
    const history = new History(join(folder, 'history.jsonl'));
    return new World(ground, seed, options, database, folder, templates, history, submitter);
  }

  get server(): FaultServer {
    return this.ground.server;
  }

  /** Who submits, in this process, by a way of its own to the server. */
  get client(): WorkerHandle['client'] {
    return this.submitter.client;
  }

  /** Workers that were launched and have not ended. */
  get running(): readonly FaultWorker[] {
    return this.workers.filter(({ running }) => running);
  }

  /** Whether what was measured is within its bound; always, where time is not what is tested. */
  inTime(milliseconds: number, bound: number): boolean {
    return this.options.untimed === true || milliseconds <= bound;
  }

  /** Starts a worker and waits until it is ready. */
  async worker(options: WorkerOptions = {}): Promise<FaultWorker> {
    const worker = this.launch(options);
    await worker.ready();
    return worker;
  }

  /** A worker that stands by, asleep: it takes part when it is woken (SIGCONT), without having to start first. */
  async standIn(): Promise<FaultWorker> {
    const worker = await this.worker();
    worker.signal('SIGSTOP');
    return worker;
  }

  /** Starts a worker that may not live to be ready. */
  launch(options: WorkerOptions = {}): FaultWorker {
    const name = `worker-${this.workers.length + 1}`;
    const worker = FaultWorker.launch(this.ground.compiled, {
      name,
      bootstrap: {
        enableWebApi: options.enableWebApi ?? false,
        workerId: name,
        settings: {
          databaseUrl: withDatabase(this.server.proxy.url, this.database),
          templatePaths: [(options.templates ?? this.templates).path],
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
      schemaVersion: options.schemaVersion ?? null,
      clockShiftMs: options.clockShiftMs ?? 0,
      workMs: options.workMs ?? 5,
      blockMs: options.blockMs ?? 0,
      without: options.without ?? [],
      defect: this.options.defect?.ofWorkers ?? null,
    });
    this.workers.push(worker);
    return worker;
  }

  /** Submits tasks of these workflows, in turn; every one of them must be accepted. */
  async submit(
    names: readonly WorkflowName[],
    count: number,
    context: TaskRequest['context'] = {},
  ): Promise<readonly string[]> {
    const outcomes = await this.client.submitMany(requestsOf(names, count, context));
    const accepted = outcomes.map((outcome) => {
      if ('error' in outcome) throw outcome.error;
      return outcome.taskUuid;
    });
    this.acknowledged.push(...accepted);
    return accepted;
  }

  /** Lets a worker submit, so that its faults strike the submits. */
  async submitBy(worker: FaultWorker, names: readonly WorkflowName[], count: number): Promise<void> {
    this.acknowledged.push(...(await worker.submit(requestsOf(names, count))));
  }

  /** Resolves when every acknowledged task has ended or is blocked. */
  async settled(): Promise<void> {
    await eventually(
      'all tasks have ended or are blocked',
      async () => {
        const [row] = await this.rows<{ open: number }>(
          'SELECT count(*)::integer AS open FROM tasker.tasks WHERE status = 0',
        );
        return row?.open === 0;
      },
      this.options.patienceMs ?? PATIENCE_MS,
    );
  }

  /** Waits for the end of all tasks, stops all workers, and looks for broken promises. */
  async verdict(): Promise<Verdict> {
    await this.settled();
    await Promise.all(this.workers.map((worker) => worker.end()));
    return this.judge();
  }

  /** Looks for broken promises, at a time when nothing runs. */
  async judge(): Promise<Verdict> {
    return within(this.server, this.database, (client) => check(client, this.history, this.acknowledged));
  }

  /** What the database says, past the proxies. A connection that broke since the last look is replaced. */
  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const ask = async (): Promise<readonly Row[]> => {
      const { rows } = await (await this.observe()).query(text, [...values]);
      return rows;
    };
    try {
      return await ask();
    } catch (error) {
      if (error instanceof DatabaseError) throw error;
      this.observer = undefined;
      return await ask();
    }
  }

  /** The first of the rows, where there must be one. */
  async row<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row> {
    const [row] = await this.rows<Row>(text, values);
    if (row === undefined) throw new Error(`No row came of: ${text}`);
    return row;
  }

  /** A connection of its own to the database, past the proxies; whoever asks for it ends it. */
  async connect(): Promise<Client> {
    return connect(this.server, this.database);
  }

  /** Sessions that begin from now on can only read, or can write again. */
  async setReadOnly(readOnly: boolean): Promise<void> {
    const value = readOnly ? 'on' : 'off';
    await within(this.server, 'postgres', (client) =>
      client.query(`ALTER DATABASE ${this.database} SET default_transaction_read_only = ${value}`),
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
    await this.blink();
    await this.server.stop(how);
    await meanwhile();
    await this.server.start();
  }

  /** Another world on the same server, to compare this one with. */
  async beside<T>(work: (other: World) => Promise<T>): Promise<T> {
    const other = await World.open(this.ground, this.seed, this.options);
    try {
      return await work(other);
    } finally {
      await other.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()));
    await this.submitter.stop();
    await this.blink();
    this.server.proxy.open();
    this.server.proxy.dropsNotifications = false;
    await within(this.server, 'postgres', (client) =>
      client.query(`DROP DATABASE IF EXISTS ${this.database} WITH (FORCE)`),
    );
    await this.templates.removeAll();
    await rm(this.folder, { recursive: true, force: true });
  }

  private observe(): Promise<Client> {
    const observer = this.observer ?? connect(this.server, this.database);
    this.observer = observer;
    observer.catch(() => {
      if (this.observer === observer) this.observer = undefined;
    });
    return observer;
  }

  private async blink(): Promise<void> {
    const observer = this.observer;
    this.observer = undefined;
    // One that did not get as far as to be connected has nothing to end.
    await observer?.then(
      (client) => client.end(),
      () => undefined,
    );
  }
}

export function requestsOf(
  names: readonly WorkflowName[],
  count: number,
  context: TaskRequest['context'] = {},
): readonly TaskRequest[] {
  return Array.from({ length: count }, (_, n) =>
    requestFor(WORKFLOWS[names[n % names.length] ?? 'lone'], context),
  );
}

function withDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function connect(server: FaultServer, database: string): Promise<Client> {
  const client = new Client({ connectionString: withDatabase(server.directUrl, database) });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function within<T>(
  server: FaultServer,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(server, database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
