import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import { OnDomainEvent, PermanentStepError, TaskerModule } from '../../src/index.js';
import type { WorkerHandle } from '../../src/index.js';
import { PrivilegeMissingError } from '../../src/database/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(60_000);

const shop = workflow('shop', {
  pay: { publishes_events: ['order.paid'] },
  pack: { dependencies: ['pay'], retry: { max_attempts: 2, backoff: 'none' } },
  ship: { dependencies: ['pack'] },
});

let received = 0;

@Injectable()
class Subscriber {
  @OnDomainEvent('order.paid', { name: 'orders', from: 'beginning' })
  onPaid(): void {
    received += 1;
  }
}

@Module({ imports: [TaskerModule.forFeature({ namespace: 'lab_events' })], providers: [Subscriber] })
class EventsModule {}

let lab: Lab;
let role: string;
let database: string;

beforeEach(async () => {
  lab = await Lab.open(shop);
  database = new URL(lab.databaseUrl).pathname.slice(1);
  role = `tasker_role_${randomBytes(8).toString('hex')}`;
  await lab.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  received = 0;
});

afterEach(async () => {
  await lab.stopWorkers();
  await lab.rows(`DROP OWNED BY ${role} CASCADE`);
  await lab.rows(`DROP ROLE ${role}`);
  await lab.close();
});

function start(...imports: readonly DynamicModule[]): Promise<WorkerHandle> {
  const url = new URL(lab.databaseUrl);
  url.username = role;
  url.password = 'secret';
  return startAt(url.href, imports);
}

function startAt(databaseUrl: string, imports: readonly DynamicModule[] = []): Promise<WorkerHandle> {
  return lab.worker({
    enableWebApi: true,
    imports: [EventsModule, ...imports],
    handlers: {
      pay: (step) => step.transaction(() => Promise.resolve('paid')),
      pack: ({ workflowStep }) => {
        if (workflowStep.attempt === 1) throw new Error('not yet');
        return 'packed';
      },
      ship: () => Promise.reject(new PermanentStepError('the van is broken')),
    },
    settings: { databaseUrl },
  });
}

/** Everything that a service does for a task: events, retries, an end by hand, a cancellation. */
async function work(worker: WorkerHandle): Promise<void> {
  const { client } = worker;
  const { taskUuid } = await client.submit(requestFor(shop));
  const task = await client.waitFor(taskUuid);
  expect(task.status).toBe('blocked_by_failures');
  const ship = task.steps.find(({ name }) => name === 'ship')?.stepUuid ?? '';
  const by = { reason: 'by hand', by: 'me' };
  await client.resetStep(taskUuid, ship, by);
  await client.waitFor(taskUuid);
  await client.resolveStep(taskUuid, ship, by);
  expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
  const other = await client.submit(requestFor(shop));
  await client.waitFor(other.taskUuid);
  expect(await client.cancel(other.taskUuid)).toMatchObject({ status: 'cancelled' });
  await until('both events arrive', () => received === 2);
  expect(await ask(worker.url ?? '', '/v1/tasks')).toMatchObject({ status: 200 });
}

/** The statements that the refused start asks for. */
async function refusal(...imports: readonly DynamicModule[]): Promise<readonly string[]> {
  const error: unknown = await start(...imports).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PrivilegeMissingError)) throw new Error('Expected a refusal', { cause: error });
  const statements = error.missing.map(({ statement }) => statement);
  for (const statement of statements) expect(error.message).toContain(statement);
  return statements;
}

async function run(statements: readonly string[]): Promise<void> {
  for (const statement of statements) await lab.rows(statement);
}

describe('A role', () => {
  it('that owns the schema needs no right to create in the database', async () => {
    await lab.rows(`CREATE SCHEMA tasker AUTHORIZATION ${role}`);
    await work(await start());
  });

  it('that may not create the schema is refused, with the statement that grants it', async () => {
    const statements = await refusal();
    expect(statements).toEqual([`GRANT CREATE ON DATABASE ${database} TO ${role}`]);
    await run(statements);
    await work(await start());
  });

  it('that may create nothing in the schema is refused, with the statement that grants it', async () => {
    await lab.rows('CREATE SCHEMA tasker');
    const statements = await refusal();
    expect(statements).toEqual([`GRANT USAGE, CREATE ON SCHEMA tasker TO ${role}`]);
    await run(statements);
    await work(await start());
  });

  it('that owns nothing works on a migrated database with the rights that the refusal names, and no others', async () => {
    const owner = await startAt(lab.databaseUrl);
    await owner.stop();
    expect(await refusal()).toEqual(expect.arrayContaining([`GRANT USAGE ON SCHEMA tasker TO ${role}`]));
    await lab.rows('REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA tasker FROM PUBLIC');
    const statements = await refusal();
    expect(statements).toEqual([
      `GRANT USAGE ON SCHEMA tasker TO ${role}`,
      ...statements.filter((statement) => / ON TABLE tasker\.\w+ TO /.test(statement)),
      `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tasker TO ${role}`,
    ]);
    expect(statements).toContain(`GRANT SELECT, INSERT, UPDATE ON TABLE tasker.steps TO ${role}`);
    await run(statements);
    await work(await start());
  });

  it('that loses a right while the service runs is answered with 503 until it has it back', async () => {
    await lab.rows(`CREATE SCHEMA tasker AUTHORIZATION ${role}`);
    const worker = await start();
    await lab.rows(`REVOKE SELECT ON tasker.tasks FROM ${role}`);
    const page = '/v1/tasks?per_page=1';
    expect(await ask(worker.url ?? '', page)).toMatchObject({
      status: 503,
      body: { error: { code: 'SERVICE_UNAVAILABLE' } },
    });
    await lab.rows(`GRANT SELECT ON tasker.tasks TO ${role}`);
    expect(await ask(worker.url ?? '', page)).toMatchObject({ status: 200 });
  });

  it('that may not create a namespace’s tables is refused, with the statement that grants it', async () => {
    await lab.rows(`CREATE SCHEMA tasker AUTHORIZATION ${role}`);
    const folder = await mkdtemp(join(tmpdir(), 'tasker-migrations-'));
    await writeFile(join(folder, '0001_stock.sql'), 'CREATE TABLE public.stock (sku text)');
    const stock = {
      module: class StockModule {},
      imports: [TaskerModule.forFeature({ namespace: 'stock', migrations: folder })],
    };
    try {
      const statements = await refusal(stock);
      expect(statements).toEqual([`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`]);
      await run(statements);
      await work(await start(stock));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
