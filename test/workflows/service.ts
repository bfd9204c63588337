import { Pool } from 'pg';
import type { QueryResultRow } from 'pg';

import { Engine, stepIndexOf } from '../../src/engine/index.js';
import { WorkerBootstrap } from '../../src/index.js';
import type {
  JsonValue,
  SettingsOverrides,
  Task,
  TaskClient,
  TaskRequest,
  TaskStep,
  WorkerBootstrapConfig,
  WorkerHandle,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { WORKFLOW_MODULES } from '../../src/workflows/index.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';

export interface ServiceOptions {
  /** The namespaces; all that the service ships where left out. */
  readonly imports?: WorkerBootstrapConfig['imports'];
  readonly settings?: SettingsOverrides;
}

/** Templates that are not shipped override nothing: they stand beside the shipped ones, in versions of their own. */
const SHIPPED_TEMPLATES = 'config/tasks';

/** A database of its own, and the shipped service on it: one worker, or more. */
export class Service {
  private readonly workers: WorkerHandle[] = [];
  private readonly pool: Pool;
  readonly clock: TestClock;

  private constructor(private readonly database: TestDatabase) {
    this.pool = new Pool({ connectionString: database.url, max: 2 });
    // The database is dropped while its last connections are still closing.
    this.pool.on('error', () => undefined);
    this.clock = new TestClock(database.url);
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const service = new Service(await createTestDatabase());
    await service.addWorker(options);
    return service;
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  get client(): TaskClient {
    return this.worker.client;
  }

  /** Gives a step a result that no handler of it would give, as a release with another result_schema may have left one. */
  async completeAsGiven({ taskUuid, stepUuid }: TaskStep, result: JsonValue): Promise<void> {
    const stepIndex = stepIndexOf(taskUuid, stepUuid);
    if (stepIndex === null) throw new Error(`${stepUuid} is no step of task ${taskUuid}`);
    await this.worker.app.get(Engine).completeStep(taskUuid, stepIndex, result, {}, 'left behind', 'test');
  }

  /** The first worker. */
  get worker(): WorkerHandle {
    const [worker] = this.workers;
    if (worker === undefined) throw new Error('The service runs no worker');
    return worker;
  }

  async addWorker({ imports = WORKFLOW_MODULES, settings = {} }: ServiceOptions = {}): Promise<WorkerHandle> {
    const worker = await WorkerBootstrap.bootstrap({
      imports,
      enableWebApi: false,
      logger: false,
      settings: {
        databaseUrl: this.databaseUrl,
        environment: 'test',
        pollIntervalMs: 50,
        retryJitter: false,
        shutdownTimeoutSeconds: 0,
        ...settings,
        templatePaths: [SHIPPED_TEMPLATES, ...(settings.templatePaths ?? [])],
      },
    });
    this.workers.push(worker);
    return worker;
  }

  /** Resolves once the task has ended or needs help. */
  settled(taskUuid: string): Promise<Task> {
    return this.client.waitFor(taskUuid, { timeoutMs: 50_000 });
  }

  /** Submits all of them at once, and resolves once each has ended or needs help. */
  async runAll(requests: readonly TaskRequest[]): Promise<readonly Task[]> {
    const submitted = await this.client.submitMany(requests);
    return Promise.all(
      submitted.map(async (outcome) => {
        if ('error' in outcome) throw outcome.error;
        return this.settled(outcome.taskUuid);
      }),
    );
  }

  /** What the database says, without the service in between. */
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(text, [...values])).rows;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.pool.end();
    await this.database.drop();
  }
}

export function stepOf(task: Task, name: string): TaskStep {
  const step = task.steps.find((candidate) => candidate.name === name);
  if (step === undefined) throw new Error(`The task has no step ${name}`);
  return step;
}

/** The result of every step that has one. */
export function resultsOf(task: Task): Readonly<Record<string, unknown>> {
  return Object.fromEntries(task.steps.map((step) => [step.name, step.results?.result]));
}

/** How a step failed, in short. */
export function failureOf(task: Task, name: string): Readonly<Record<string, unknown>> {
  const { state, attempts, results } = stepOf(task, name);
  return {
    state,
    attempts,
    code: results?.metadata.error_code,
    type: results?.metadata.error_type,
    retryable: results?.metadata.retryable,
  };
}
