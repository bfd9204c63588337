import { Client, Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { TaskClient, TaskRequest, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const pair = workflow('pair', { first: {}, second: { dependencies: ['first'] } });
const strict = workflow('strict', { first: {} }, { identity_strategy: 'strict' });
const keyed = workflow('keyed', { first: {} }, { identity_strategy: 'caller_provided' });
const checked = workflow(
  'checked',
  { first: {} },
  { input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } },
);

let lab: Lab;
let worker: WorkerHandle;
let client: TaskClient;
/** What a first step waits for, where its task's context names it. */
const gates = new Map<string, Happening>();

beforeAll(async () => {
  lab = await Lab.open(pair, strict, keyed, checked);
  worker = await lab.worker({
    handlers: {
      first: async ({ context }) => {
        if (context['fail'] === true) throw new Error('told to');
        const gate = context['gate'];
        if (typeof gate === 'string') await gates.get(gate)?.happened;
        return 'first';
      },
      second: (step) => step.dependencyResults['first'] ?? 'nothing',
    },
  });
  ({ client } = worker);
});

afterEach(() => {
  for (const gate of gates.values()) gate.happen();
  gates.clear();
});

afterAll(() => lab.close());

function gated(): { request: TaskRequest; gate: Happening } {
  const gate = new Happening();
  const name = `gate ${gates.size}`;
  gates.set(name, gate);
  return { request: requestFor(pair, { gate: name }), gate };
}

async function submitWithin(end: 'COMMIT' | 'ROLLBACK'): Promise<string> {
  const connection = new Client({ connectionString: lab.databaseUrl });
  await connection.connect();
  try {
    await connection.query('BEGIN');
    const { taskUuid, created } = await client.submit(requestFor(pair), { client: connection });
    expect(created).toBe(true);
    await expect(client.get(taskUuid)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await connection.query(end);
    return taskUuid;
  } finally {
    await connection.end();
  }
}

/** @param connection as JavaScript may give it */
async function expectNoTransaction(connection: object, message: RegExp): Promise<void> {
  const before = await lab.rows('SELECT count(*) FROM tasker.tasks');
  const submit: (...values: unknown[]) => unknown = Reflect.get(Object(client), 'submit');
  const submitted = Reflect.apply(submit, client, [requestFor(pair), { client: connection }]);
  await expect(submitted).rejects.toMatchObject({
    code: 'NO_TRANSACTION',
    message: expect.stringMatching(message),
  });
  expect(await lab.rows('SELECT count(*) FROM tasker.tasks')).toEqual(before);
}

describe('Submitting in a transaction of one’s own', () => {
  it('has the task run once it commits', async () => {
    expect(await client.waitFor(await submitWithin('COMMIT'))).toMatchObject({ status: 'complete' });
  });

  it('is refused with a client that has no transaction open', async () => {
    const connection = new Client({ connectionString: lab.databaseUrl });
    await connection.connect();
    try {
      await expectNoTransaction(connection, /no transaction open: pass a client on which BEGIN was run/);
    } finally {
      await connection.end();
    }
  });

  it('is refused with a pool', async () => {
    const pool = new Pool({ connectionString: lab.databaseUrl });
    try {
      await expectNoTransaction(pool, /given a pool/);
    } finally {
      await pool.end();
    }
  });

  it('leaves no task where it is rolled back', async () => {
    await expect(client.get(await submitWithin('ROLLBACK'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('Submitting many at once', () => {
  it('stores 10,000, answers the bad ones one by one, and all of them run', async () => {
    const requests = Array.from({ length: 10_000 }, (_, n) =>
      requestFor(checked, { n: n % 1000 === 999 ? 'x' : n }),
    );
    const outcomes = await client.submitMany(requests);
    const bad = outcomes.flatMap((outcome, index) => ('error' in outcome ? [index] : []));
    expect(bad).toEqual([999, 1999, 2999, 3999, 4999, 5999, 6999, 7999, 8999, 9999]);
    expect(outcomes[999]).toMatchObject({
      error: { code: 'INVALID_TASK_REQUEST', violations: [{ path: 'context.n' }] },
    });
    expect(new Set(outcomes.map((outcome) => ('taskUuid' in outcome ? outcome.taskUuid : ''))).size).toBe(
      9_991,
    );
    await until('all have ended', async () => {
      const [row] = await lab.rows(
        "SELECT count(*)::int AS n FROM tasker.tasks JOIN tasker.templates USING (template_id) WHERE name = 'checked' AND status = 2",
      );
      return row?.['n'] === 9_990;
    });
  });

  it('with nothing to submit answers with nothing', async () => {
    expect(await client.submitMany([])).toEqual([]);
  });

  it('finds the duplicates among them', async () => {
    const outcomes = await client.submitMany([
      requestFor(strict, { order: 1 }),
      requestFor(strict, { order: 1 }),
      { ...requestFor(keyed, { order: 1 }), idempotencyKey: 'one' },
      { ...requestFor(keyed, { order: 1 }), idempotencyKey: 'one' },
      requestFor(keyed, { order: 1 }),
      { ...requestFor(strict), version: '9.9.9' },
    ]);
    expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.created))).toEqual([
      true,
      'DUPLICATE_TASK',
      true,
      false,
      'INVALID_TASK_REQUEST',
      'TEMPLATE_NOT_FOUND',
    ]);
  });
});

describe('A request that is refused', () => {
  it.each<[string, object, string]>([
    ['no namespace', { namespace: '' }, 'namespace'],
    ['a context that is a list', { context: [] }, 'context'],
    ['a context with a NUL', { context: { a: ['x\0'] } }, 'context.a[0]'],
    ['a priority out of range', { priority: 101 }, 'priority'],
    ['a lease out of range', { claimTimeoutSeconds: 0 }, 'claim_timeout_seconds'],
    ['a correlation id that is none', { correlationId: 'x' }, 'correlation_id'],
    ['a key that is too long', { idempotencyKey: 'x'.repeat(256) }, 'idempotency_key'],
    ['an empty tag', { tags: ['a', ''] }, 'tags[1]'],
    ['options with a function', { options: { f: () => 1 } }, 'options.f'],
  ])('with %s names the field', async (_, change, path) => {
    await expect(client.submit({ ...requestFor(pair), ...change })).rejects.toMatchObject({
      code: 'INVALID_TASK_REQUEST',
      violations: [expect.objectContaining({ path })],
    });
  });

  it('because it repeats another one names that one', async () => {
    const first = await client.submit(requestFor(strict, { order: 2 }));
    await expect(client.submit(requestFor(strict, { order: 2 }))).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      existingTaskUuid: first.taskUuid,
      message: expect.stringMatching(/identity.*already exists/),
    });
  });

  it('is answered with the first one’s task where key and context are the same, and refused with another', async () => {
    const request = { ...requestFor(keyed, { order: 2 }), idempotencyKey: 'two' };
    const answers = await Promise.all(Array.from({ length: 30 }, () => client.submit(request)));
    expect(new Set(answers.map(({ taskUuid }) => taskUuid)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    await expect(client.submit({ ...request, context: { order: 3 } })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
    });
  });
});

describe('Waiting for a task', () => {
  it('ends for everyone who waits, many or few, before and after it has ended', async () => {
    const { request, gate } = gated();
    const { taskUuid } = await client.submit(request);
    const waiting = Array.from({ length: 300 }, () => client.waitFor(taskUuid));
    gate.happen();
    for (const task of await Promise.all(waiting)) expect(task.status).toBe('complete');
    expect(await client.waitFor(taskUuid, { timeoutMs: 0 })).toMatchObject({ status: 'complete' });
  });

  it('ends with an error when the time is over, and the task goes on', async () => {
    const { request, gate } = gated();
    const { taskUuid } = await client.submit(request);
    await expect(client.waitFor(taskUuid, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    gate.happen();
    expect(await client.waitFor(taskUuid, { timeoutMs: Number.POSITIVE_INFINITY })).toMatchObject({
      status: 'complete',
    });
  });

  it('takes a very long time for what it is', async () => {
    const { request, gate } = gated();
    const { taskUuid } = await client.submit(request);
    const waiting = client.waitFor(taskUuid, { timeoutMs: 2 ** 40 });
    await until('it runs', async () => (await client.get(taskUuid)).inProgressSteps === 1);
    gate.happen();
    expect(await waiting).toMatchObject({ status: 'complete' });
  });

  it('ends with the reason of its signal', async () => {
    const { request } = gated();
    const { taskUuid } = await client.submit(request);
    const stop = new AbortController();
    const waiting = client.waitFor(taskUuid, { signal: stop.signal });
    stop.abort(new Error('no longer interested'));
    await expect(waiting).rejects.toThrow('no longer interested');
    await expect(client.waitFor(taskUuid, { signal: stop.signal })).rejects.toThrow('no longer interested');
  });

  it('ends when the task is blocked, or cancelled', async () => {
    const blocked = await client.submit(requestFor(pair, { fail: true }));
    expect(await client.waitFor(blocked.taskUuid)).toMatchObject({ status: 'blocked_by_failures' });
    const { request } = gated();
    const cancelled = await client.submit(request);
    const waiting = client.waitFor(cancelled.taskUuid);
    await client.cancel(cancelled.taskUuid);
    expect(await waiting).toMatchObject({ status: 'cancelled' });
  });

  it('for one that does not exist says so', async () => {
    const unknown = '01970000-0000-7000-8000-000000000000';
    await expect(client.waitFor(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.get(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.cancel(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('ends when the service does', async () => {
    const other = await lab.worker({ settings: { role: 'api' } });
    const { request } = gated();
    const { taskUuid } = await client.submit(request);
    const waiting = other.client.waitFor(taskUuid).catch((error: unknown) => error);
    await other.stop();
    expect(await waiting).toMatchObject({ code: 'DATABASE_CLOSED' });
  });
});
