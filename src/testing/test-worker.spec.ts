import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Client } from 'pg';
import {
  PermanentStepError,
  RetryableStepError,
  StepHandler,
  TaskerModule,
  type StepHandlerContract,
  type TaskSequenceStep,
} from '../index.js';
import { startTestWorker, TaskNotSettledError, taskResults, TestDatabase, waitForTask } from './index.js';
import type { TestWorker, TestWorkerOptions } from './index.js';

const TEMPLATE = `
name: errand
namespace_name: errands
version: 1.0.0
identity_strategy: always_unique
steps:
  - name: ask
    handler: { callable: ask }
    retry: { max_attempts: 2, backoff: linear, backoff_base_ms: 3600000, max_backoff_ms: 3600000 }
  - name: fetch
    handler: { callable: fetch }
    dependencies: [ask]
  - name: thank
    handler: { callable: thank }
    dependencies: [ask, fetch]
environments:
  test:
    steps:
      - name: thank
        handler: { initialization: { words: Thank you } }
`;

interface Errand {
  readonly what: string;
}

/** Steps of "fetch" wait here until the test has seen them run. */
@Injectable()
class Door {
  private opening: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.opening = resolve;
  });

  open(): void {
    this.opening();
  }
}

@StepHandler('ask')
class AskHandler implements StepHandlerContract<Errand, string> {
  call({ context, workflowStep }: TaskSequenceStep<Errand>): string {
    if (context.what === 'the moon') throw new PermanentStepError('Out of reach', { errorCode: 'TOO_FAR' });
    if (context.what === 'patience' && workflowStep.attempt === 1) throw new RetryableStepError('Later');
    return context.what;
  }
}

@StepHandler('fetch')
class FetchHandler implements StepHandlerContract<Errand, string> {
  constructor(private readonly door: Door) {}

  async call({ context }: TaskSequenceStep<Errand>): Promise<string> {
    if (context.what === 'behind the door') await this.door.opened;
    return `${context.what}, fetched`;
  }
}

@StepHandler('thank')
class ThankHandler implements StepHandlerContract<Errand> {
  call(step: TaskSequenceStep<Errand>): string {
    return JSON.stringify(step.initialization['words']);
  }
}

@Module({
  imports: [TaskerModule.forFeature({ namespace: 'errands' })],
  providers: [Door, AskHandler, FetchHandler, ThankHandler],
})
class ErrandsModule {}

describe('startTestWorker', () => {
  let templates: string;
  let started: TestWorker | undefined;

  beforeAll(async () => {
    process.env['TASKER_TEST_DATABASE_URL'] = process.env['TASKER_TEST_SERVER_URL'];
    templates = await mkdtemp(join(tmpdir(), 'tasker-templates-'));
    await writeFile(join(templates, 'errand.yaml'), TEMPLATE);
  });

  afterEach(async () => {
    await started?.stop();
    started = undefined;
  });

  afterAll(async () => {
    delete process.env['TASKER_TEST_DATABASE_URL'];
    await rm(templates, { recursive: true, force: true });
  });

  const start = async (options: Partial<TestWorkerOptions> = {}): Promise<TestWorker> => {
    started = await startTestWorker({ imports: [ErrandsModule], templatePaths: [templates], ...options });
    return started;
  };

  it('runs a task on a database of its own, under the environment "test"', async () => {
    const worker = await start();
    const task = await waitForTask(worker.client, await submit(worker, 'milk'), { status: 'complete' });
    expect(taskResults(task)).toEqual({ ask: 'milk', fetch: 'milk, fetched', thank: '"Thank you"' });
  });

  it('reads nothing of the process environment', async () => {
    Object.assign(process.env, {
      TASKER_NAMESPACES: 'elsewhere',
      DATABASE_DIRECT_URL: 'postgres://127.0.0.1:1/x',
    });
    try {
      const worker = await start();
      await waitForTask(worker.client, await submit(worker, 'milk'), { status: 'complete' });
    } finally {
      delete process.env['TASKER_NAMESPACES'];
      delete process.env['DATABASE_DIRECT_URL'];
    }
  });

  it('drops its database when it stops, with a step still running', async () => {
    const worker = await start();
    const { client, database, stop } = worker;
    const taskUuid = await submit(worker, 'behind the door');
    await expect(waitForTask(client, taskUuid, { timeoutMs: 500 })).rejects.toThrow(TaskNotSettledError);
    await stop();
    await stop();
    await expect(connect(database.url)).rejects.toMatchObject({ code: '3D000' });
  });

  it.each<[string, Partial<TestWorkerOptions>]>([
    ['maxConcurrency', { settings: { maxConcurrency: 0 } }],
    ['no module serves', { imports: [], settings: { namespaces: ['errands'] } }],
  ])('leaves no database behind where it does not start: %s', async (message, options) => {
    const database = await TestDatabase.create();
    const create = jest.spyOn(TestDatabase, 'create').mockResolvedValueOnce(database);
    await expect(start(options)).rejects.toThrow(message);
    create.mockRestore();
    await expect(connect(database.url)).rejects.toMatchObject({ code: '3D000' });
  });

  it('works on a given database beside other workers, and leaves it alone', async () => {
    const database = await TestDatabase.create();
    try {
      const worker = await start({ database });
      const taskUuid = await submit(worker, 'milk');
      await waitForTask(worker.client, taskUuid, { status: 'complete' });
      await worker.stop();
      const another = await start({ database });
      expect((await another.client.get(taskUuid)).status).toBe('complete');
      await another.stop();
    } finally {
      await database.drop();
    }
  });

  it('lets a test move the clock instead of waiting for a retry', async () => {
    const worker = await start();
    const { client, clock } = worker;
    await clock.freeze(new Date('2030-01-01T00:00:00Z'));
    const taskUuid = await submit(worker, 'patience');
    await expect(waitForTask(client, taskUuid, { timeoutMs: 300 })).rejects.toThrow(
      new RegExp(
        [
          'ask {4}waiting_for_retry: attempt 1 of 2 failed, the next is due 2030-01-01T01:00:00.000Z; RETRYABLE_ERROR: Later',
          '[^]*',
          "Retries come due by the engine's clock: move it past the time above with clock\\.advance\\(milliseconds\\)$",
        ].join(''),
      ),
    );
    await clock.advance(3_600_000);
    await waitForTask(client, taskUuid, { status: 'complete' });
  });

  it('freezes the clock, and moves it on frozen', async () => {
    const { clock, database } = await start();
    await clock.freeze(new Date('2030-01-01T00:00:00Z'));
    await clock.advance(1_500);
    const client = await connect(database.url);
    try {
      const { rows } = await client.query('SELECT tasker.current_time() AS now');
      expect(rows).toEqual([{ now: new Date('2030-01-01T00:00:01.500Z') }]);
      await clock.reset();
      const { rows: later } = await client.query(
        `SELECT tasker.current_time() - clock_timestamp() < interval '1 second' AS real`,
      );
      expect(later).toEqual([{ real: true }]);
    } finally {
      await client.end();
    }
  });

  describe('waitForTask', () => {
    it('tells of each step why the task does not go on', async () => {
      const worker = await start();
      const { app, client } = worker;
      const taskUuid = await submit(worker, 'behind the door');
      await expect(waitForTask(client, taskUuid, { timeoutMs: 500 })).rejects.toThrow(
        new RegExp(
          [
            `Not settled within 500 ms\\. Task ${taskUuid} \\(errands/errand/1\\.0\\.0\\) is steps_in_process`,
            '  ask    complete: "behind the door"',
            '  fetch  in_progress: attempt 1 of 3 runs since .*Z',
            '  thank  pending: waits for fetch \\(in_progress\\)',
          ].join('\\n'),
        ),
      );
      app.get(Door).open();
      await waitForTask(client, taskUuid, { status: 'complete' });
    });

    it('answers with a blocked task, or tells what blocks it where another status is expected', async () => {
      const worker = await start();
      const { client } = worker;
      const taskUuid = await submit(worker, 'the moon');
      expect((await waitForTask(client, taskUuid)).status).toBe('blocked_by_failures');
      await expect(waitForTask(client, taskUuid, { status: 'complete' })).rejects.toThrow(
        /Expected the task to be complete.* is blocked_by_failures\n {2}ask {4}error: attempt 1 of 2 was the last; TOO_FAR: Out of reach\n {2}fetch {2}pending: waits for ask \(error\)/,
      );
    });
  });
});

async function submit({ client }: TestWorker, what: string): Promise<string> {
  const request = { namespace: 'errands', name: 'errand', version: '1.0.0', context: { what } };
  return (await client.submit(request)).taskUuid;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}
