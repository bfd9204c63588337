import { rm } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { EmbeddedPostgres } from '../../src/database/index.js';
import type { TaskClient, WorkerHandle } from '../../src/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import type { LabWorker } from '../support/lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import { temporaryFolder } from './service-process.js';

jest.setTimeout(180_000);

const chain = workflow('chain', {
  first: {},
  // A statement of the handler's own that is cut off is the handler's failure.
  pay: { dependencies: ['first'], retry: { max_attempts: 20, backoff: 'none' } },
  last: { dependencies: ['pay'] },
});

let lab: Lab;
let ended = 0;

const handlers: LabWorker['handlers'] = {
  first: () => 1,
  pay: async (step) => {
    await step.transaction((client) => client.query('INSERT INTO ledger VALUES ($1)', [step.idempotencyKey]));
    return 2;
  },
  last: (step) => {
    ended += 1;
    return step.dependency('pay');
  },
};

beforeEach(() => {
  ended = 0;
});

async function submit(client: TaskClient, count: number): Promise<readonly string[]> {
  const outcomes = await client.submitMany(Array.from({ length: count }, () => requestFor(chain)));
  return outcomes.map((outcome) => {
    if ('error' in outcome) throw outcome.error;
    return outcome.taskUuid;
  });
}

/** Each task is complete, each step recorded once, and each transaction's effect is there once. */
async function expectAllOnce(tasks: readonly string[]): Promise<void> {
  const [counts] = await lab.rows(
    `SELECT (SELECT count(*)::int FROM tasker.tasks WHERE status = 2) AS complete,
            (SELECT count(*)::int FROM tasker.events WHERE kind = 1) AS recorded,
            (SELECT count(DISTINCT (task_uuid, step_index))::int FROM tasker.events WHERE kind = 1) AS steps,
            (SELECT count(*)::int FROM ledger) AS effects,
            (SELECT count(DISTINCT note)::int FROM ledger) AS payments`,
  );
  const all = tasks.length;
  expect(counts).toEqual({ complete: all, recorded: 3 * all, steps: 3 * all, effects: all, payments: all });
}

async function settle(client: TaskClient, tasks: readonly string[]): Promise<void> {
  const statuses = await Promise.all(tasks.map(async (task) => (await client.waitFor(task)).status));
  expect(new Set(statuses)).toEqual(new Set(['complete']));
}

describe('Behind a network that breaks', () => {
  let proxy: TcpProxy;

  beforeEach(async () => {
    lab = await Lab.open(chain);
    await lab.rows('CREATE TABLE ledger (note text)');
    proxy = await TcpProxy.before(lab.databaseUrl);
  });

  afterEach(async () => {
    proxy.open();
    await lab.close();
    await proxy.end();
  });

  it('work that is cut off again and again ends, each step recorded once', async () => {
    const { client } = await lab.worker({
      handlers,
      settings: { databaseUrl: proxy.url, maxConcurrency: 10, leaseSeconds: 2 },
    });
    const tasks = await submit(client, 150);
    for (let mark = 10; mark <= 120; mark += 10) {
      await until(`${mark} tasks have ended`, () => ended >= mark);
      proxy.cut();
    }
    await settle(client, tasks);
    await expectAllOnce(tasks);
    expect(proxy.cuts).toBeGreaterThan(12);
  });

  it('a service whose database is away is not ready, and goes on by itself when it is back', async () => {
    const worker: WorkerHandle = await lab.worker({
      handlers,
      enableWebApi: true,
      settings: { databaseUrl: proxy.url },
    });
    const url = worker.url ?? '';
    const ready = () => ask(url, '/health/ready');
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready' } });

    proxy.close();
    const away = await until('it is not ready', async () => {
      const answer = await ready();
      return answer.status === 503 && answer;
    });
    expect(away.body).toMatchObject({
      status: 'not_ready',
      checks: { database: { status: 'unhealthy' }, command_processor: { status: 'healthy' } },
      info: { circuit_breaker_state: 'open' },
    });
    expect(await ask(url, '/health/live')).toMatchObject({ status: 200, body: { status: 'alive' } });
    const request = ask(url, '/v1/tasks', {
      ...requestFor(chain),
      version: '1.0.0',
    });
    proxy.open();
    expect(await request).toMatchObject({ status: 200 });
    await until('it is ready again', async () => (await ready()).status === 200);
    const tasks = await submit(worker.client, 10);
    await settle(worker.client, tasks);
  });
});

describe('With a PostgreSQL that crashes', () => {
  it('work goes on, and each step is recorded once', async () => {
    const folder = await temporaryFolder();
    const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const server = await EmbeddedPostgres.start({ dataDir: folder, logger: silent });
    try {
      lab = await Lab.at({ url: server.url, drop: () => Promise.resolve() }, chain);
      await lab.rows('CREATE TABLE ledger (note text)');
      const { client } = await lab.worker({ handlers, settings: { maxConcurrency: 10, leaseSeconds: 2 } });
      const tasks = await submit(client, 150);
      for (const mark of [20, 60, 100]) {
        await until(`${mark} tasks have ended`, () => ended >= mark);
        // One backend that dies takes the whole server with it: it starts anew, from its log.
        const [{ pid } = { pid: 0 }] = await lab.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        process.kill(pid, 'SIGKILL');
        await until('the server is back', () => lab.rows('SELECT 1').catch(() => null));
      }
      await settle(client, tasks);
      await expectAllOnce(tasks);
    } finally {
      await lab.close();
      await server.stop();
      await rm(server.dataDir, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    }
  });
});
