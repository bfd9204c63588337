import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import type {
  DynamicModule,
  INestApplicationContext,
  LoggerService,
  LogLevel,
  ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TaskClient } from '../client/index.js';
import { loadSettings } from '../config/index.js';
import type { Settings, SettingsOverrides } from '../config/index.js';
import { TaskerModule } from '../tasker.module.js';
import { TaskerWorker } from '../worker/index.js';
import { TestClock } from './test-clock.js';
import { TestDatabase } from './test-database.js';

export interface TestWorkerOptions {
  /** The modules of the namespaces to run, and whatever else they need. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Directories of task templates. */
  readonly templatePaths: readonly string[];
  /** A database to work on, for several workers on one, say: dropped by whoever made it. A new one where left out. */
  readonly database?: TestDatabase;
  /** Any setting that the test is about, by its name in the settings classes. */
  readonly settings?: SettingsOverrides;
  /** Where the log goes; errors only where left out. */
  readonly logger?: LoggerService | LogLevel[] | false;
}

/** A running worker of a test. */
export interface TestWorker {
  /** The application, for its providers: `app.get(...)`. */
  readonly app: INestApplicationContext;
  readonly client: TaskClient;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  /** Ends the worker at once, and drops the database that was made for it. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** What a test wants otherwise than a service: quick to notice, quick to stop, nothing left to chance. */
const TEST_SETTINGS = {
  pollIntervalMs: 50,
  shutdownTimeoutSeconds: 0,
  retryJitter: false,
  environment: 'test',
} as const satisfies SettingsOverrides;

/**
 * Starts a worker with a database of its own and no HTTP, and resolves when it runs. Neither the environment nor `.env` is
 * read: settings are the defaults, those of a test (`TASKER_ENV` is `test`), and what is given.
 *
 *     const worker = await startTestWorker({ imports: [BillingModule], templatePaths: ['config/tasks'] });
 *     const { taskUuid } = await worker.client.submit({ … });
 *     const task = await waitForTask(worker.client, taskUuid, { status: 'complete' });
 *     await worker.stop();
 *
 * Rejects, with nothing left behind, where a setting, a template or a handler is wrong.
 */
export async function startTestWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const database = options.database ?? (await TestDatabase.create());
  const dropOwn = async (): Promise<void> => {
    if (options.database === undefined) await database.drop();
  };
  try {
    const app = await startApplication(options, database);
    return testWorker(app, database, dropOwn);
  } catch (error) {
    await dropOwn();
    throw error;
  }
}

async function startApplication(
  { imports, templatePaths, settings: overrides, logger = ['fatal', 'error'] }: TestWorkerOptions,
  { url: databaseUrl }: TestDatabase,
): Promise<INestApplicationContext> {
  const workerId = `test-${randomUUID()}`;
  const settings = loadSettings({}, { ...TEST_SETTINGS, workerId, templatePaths, ...overrides, databaseUrl });
  // Not createApplicationContext, which leaves connections open where it fails.
  const app = await NestFactory.create(TestWorkerModule.with(settings, imports), {
    abortOnError: false,
    bufferLogs: false,
    logger,
  });
  try {
    await app.init();
    await app.get(TaskerWorker).start();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

function testWorker(
  app: INestApplicationContext,
  database: TestDatabase,
  dropOwn: () => Promise<void>,
): TestWorker {
  let stopping: Promise<void> | undefined;
  return {
    app,
    client: app.get(TaskClient),
    clock: new TestClock(database.url),
    database,
    stop: () => {
      stopping ??= end(app, dropOwn);
      return stopping;
    },
  };
}

async function end(app: INestApplicationContext, dropOwn: () => Promise<void>): Promise<void> {
  try {
    await app.close();
  } finally {
    await dropOwn();
  }
}

@Module({})
class TestWorkerModule {
  static with(settings: Settings, imports: TestWorkerOptions['imports']): DynamicModule {
    return { module: TestWorkerModule, imports: [TaskerModule.forSettings(settings), ...imports] };
  }
}
