import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';

import { Client } from 'pg';

import { OnDomainEvent, PermanentStepError, TaskerModule } from '../../src/index.js';
import type { DomainEvent, WorkerHandle } from '../../src/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

/** Each as `ALTER DATABASE … SET` and `ALTER ROLE … SET` take it; the test uses the two in turn. */
const SETTINGS: readonly string[] = [
  // What a time looks like, and where.
  `TimeZone = 'Asia/Kolkata'`,
  `TimeZone = 'America/St_Johns'`,
  `TimeZone = 'Pacific/Kiritimati'`,
  `DateStyle = 'German'`,
  `DateStyle = 'SQL, DMY'`,
  `DateStyle = 'Postgres, MDY'`,
  `IntervalStyle = 'sql_standard'`,
  `extra_float_digits = -15`,
  `bytea_output = 'escape'`,
  // What names and texts mean.
  `search_path = ''`,
  `search_path = 'elsewhere, pg_temp'`,
  `standard_conforming_strings = off`,
  `client_encoding = 'LATIN1'`,
  `lc_messages = 'C'`,
  `quote_all_identifiers = on`,
  `transform_null_equals = on`,
  `array_nulls = off`,
  `check_function_bodies = off`,
  // How transactions and waiting behave.
  `default_transaction_isolation = 'repeatable read'`,
  `default_transaction_isolation = 'serializable'`,
  `default_transaction_deferrable = on`,
  `synchronous_commit = off`,
  `statement_timeout = '5s'`,
  `lock_timeout = '2s'`,
  `idle_in_transaction_session_timeout = '2s'`,
  `idle_session_timeout = '1s'`,
  // How statements are planned and run.
  `work_mem = '64kB'`,
  `plan_cache_mode = 'force_custom_plan'`,
  `enable_indexscan = off`,
  `join_collapse_limit = 1`,
  `jit_above_cost = 0`,
  `row_security = off`,
  `session_replication_role = 'replica'`,
  `default_toast_compression = 'pglz'`,
];

const shop = workflow('shop', {
  pay: { publishes_events: ['order.paid'] },
  ship: { dependencies: ['pay'] },
});

const WAITING = `SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%tasker.%'`;

let received: DomainEvent[] = [];

@Injectable()
class Subscriber {
  @OnDomainEvent('order.paid', { name: 'orders', from: 'beginning' })
  onPaid(event: DomainEvent): void {
    received.push(event);
  }
}

@Module({ imports: [TaskerModule.forFeature({ namespace: 'lab_events' })], providers: [Subscriber] })
class EventsModule {}

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open(shop);
});

afterEach(async () => {
  await lab.stopWorkers();
  await set('ALTER DATABASE', 'RESET ALL');
  await set('ALTER ROLE', 'RESET ALL');
  received = [];
});

afterAll(() => lab.close());

describe('A service works whatever the role or the database sets', () => {
  const rows = SETTINGS.map(
    (setting, place) => [place % 2 === 0 ? 'ALTER DATABASE' : 'ALTER ROLE', setting] as const,
  );

  it.each(rows)('%s … SET %s', async (of, setting) => {
    await set(of, `SET ${setting}`);
    const began = Date.now();
    const worker = await lab.worker({
      enableWebApi: true,
      imports: [EventsModule],
      handlers: {
        pay: (step) => step.transaction(() => Promise.resolve('paid')),
        ship: () => Promise.reject(new PermanentStepError('the van is broken')),
      },
    });
    const accepted = await worker.client.submitMany([requestFor(shop), requestFor(shop)]);
    const tasks = accepted.map((one) => ('taskUuid' in one ? one.taskUuid : ''));

    // A task's step is mended by hand, and the task completes.
    for (const task of tasks) await mend(worker, task);
    // The cursor of a page leads to the next one.
    expect((await pages(worker, began)).toSorted()).toEqual(tasks.toSorted());
    // Events bring the time when they were published.
    await until('both events arrive', () => received.length === 2);
    for (const { publishedAt } of received) {
      expect(publishedAt.getTime()).toBeGreaterThanOrEqual(began - 1_000);
      expect(publishedAt.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
    }
  });
});

it('A DATABASE_URL with options of its own keeps them', async () => {
  const url = new URL(lab.databaseUrl);
  url.searchParams.set('options', '-c search_path=mine -c statement_timeout=7s -c DateStyle=SQL');
  let settings: unknown;
  const { client } = await lab.worker({
    handlers: {
      pay: (step) =>
        step.transaction(async (session) => {
          const { rows } = await session.query(
            `SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout`,
          );
          settings = rows;
          return 1;
        }),
      ship: () => 2,
    },
    settings: { databaseUrl: url.href },
  });
  const { taskUuid } = await client.submit(requestFor(shop));
  const task = await client.waitFor(taskUuid);
  expect(task).toMatchObject({ status: 'complete' });
  expect(Date.now() - task.createdAt.getTime()).toBeLessThan(60_000);
  expect(settings).toEqual([{ path: 'mine', timeout: '7s' }]);
});

/** Ends the failed step by hand, while another transaction changes the same task: the request waits for it. */
async function mend(worker: WorkerHandle, task: string): Promise<void> {
  expect(await worker.client.waitFor(task)).toMatchObject({ status: 'blocked_by_failures' });
  const path = `/v1/tasks/${task}/workflow_steps`;
  const steps = await ask<readonly { name: string; step_uuid: string }[]>(worker.url ?? '', path);
  const ship = steps.body.find(({ name }) => name === 'ship');
  const other = new Client({ connectionString: lab.databaseUrl });
  await other.connect();
  try {
    await other.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await other.query('UPDATE tasker.tasks SET failed_steps = failed_steps WHERE task_uuid = $1', [task]);
    const answer = fetch(new URL(`${path}/${ship?.step_uuid}`, worker.url ?? ''), {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action_type: 'resolve_manually', reason: 'shipped by hand', resolved_by: 'me' }),
    });
    await until('the request waits', async () => (await lab.rows(WAITING)).length > 0);
    await other.query('COMMIT');
    expect([(await answer).status, await (await answer).text()]).toEqual([200, expect.any(String)]);
  } finally {
    await other.end();
  }
  expect(await worker.client.waitFor(task)).toMatchObject({ status: 'complete' });
}

/** The newest two tasks, a page each. */
async function pages(worker: WorkerHandle, began: number): Promise<readonly string[]> {
  interface Page {
    readonly tasks: readonly { task_uuid: string; created_at: string }[];
    readonly pagination: { readonly next_cursor: string };
  }
  const url = worker.url ?? '';
  const first = await ask<Page>(url, '/v1/tasks?per_page=1');
  expect(first.status).toBe(200);
  const second = await ask<Page>(
    url,
    `/v1/tasks?per_page=1&cursor=${encodeURIComponent(first.body.pagination.next_cursor)}`,
  );
  expect([second.status, second.body]).toEqual([200, expect.anything()]);
  const listed = [...first.body.tasks, ...second.body.tasks];
  for (const { created_at } of listed) expect(Date.parse(created_at)).toBeGreaterThanOrEqual(began - 1_000);
  return listed.map(({ task_uuid }) => task_uuid);
}

/** For this database alone, also what is the role's. */
async function set(of: 'ALTER DATABASE' | 'ALTER ROLE', what: string): Promise<void> {
  const database = new URL(lab.databaseUrl).pathname.slice(1);
  const place = of === 'ALTER ROLE' ? `CURRENT_USER IN DATABASE ${database}` : database;
  await lab.rows(`${of} ${place} ${what}`);
}
