import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';

import type { TaskClient, TaskRequest } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

const EASY = workflow('easy', { only: {} });
const DIAMOND = workflow('diamond', {
  // Not in the order in which they run.
  end: { dependencies: ['left', 'right'], retry: { max_attempts: 0 } },
  left: { dependencies: ['start'], retry: { retryable: false } },
  right: { dependencies: ['start'], retry: { max_attempts: 7 } },
  start: {},
});
const KEYED = workflow('keyed', { only: {} }, { identity_strategy: 'caller_provided' });

describe('Submitting', () => {
  let lab: Lab;
  let client: TaskClient;

  beforeAll(async () => {
    lab = await Lab.open(EASY, DIAMOND, KEYED);
    // Nothing runs here, so that tasks stay as they were accepted.
    ({ client } = await lab.worker({ settings: { role: 'api' } }));
  });

  afterAll(() => lab.close());

  it.each<[string, TaskRequest]>([
    ['a single step', requestFor(EASY)],
    ['a graph', requestFor(DIAMOND, { n: 1 })],
    [
      'everything that a request can say',
      {
        ...requestFor(DIAMOND),
        priority: 7,
        tags: ['a', 'b'],
        initiator: 'ada',
        sourceSystem: 'shop',
        reason: 'because',
        correlationId: '01900000-0000-7000-8000-00000000000a',
        parentCorrelationId: '01900000-0000-7000-8000-00000000000b',
        options: { fast: true },
        claimTimeoutSeconds: 5,
      },
    ],
  ])('tells the task as whoever reads it finds it: %s', async (_, request) => {
    const accepted = await client.submitAndGet(request);
    expect(accepted).toEqual(await client.get(accepted.taskUuid));
    expect(accepted.readySteps).toBe(1);
  });

  it('of a repeat it tells the first one’s task', async () => {
    const request = { ...requestFor(KEYED), idempotencyKey: 'once' };
    const first = await client.submitAndGet(request);
    await client.cancel(first.taskUuid);
    expect(await client.submitAndGet(request)).toMatchObject({
      taskUuid: first.taskUuid,
      status: 'cancelled',
    });
  });

  it('stores what comes together in few transactions', async () => {
    const submitted = await Promise.all(
      Array.from({ length: 300 }, (_, n) => client.submit(requestFor(EASY, { n }))),
    );
    const uuids = submitted.map(({ taskUuid }) => taskUuid);
    const [row] = await lab.rows<{ tasks: string; transactions: string; in_order: boolean }>(
      `SELECT count(*) AS tasks, count(DISTINCT t.xmin::text) AS transactions,
              bool_and((t.context ->> 'n')::integer = i.n - 1) AS in_order
       FROM unnest($1::uuid[]) WITH ORDINALITY AS i (task_uuid, n) JOIN tasker.tasks t USING (task_uuid)`,
      [uuids],
    );
    expect(row).toMatchObject({ tasks: '300', in_order: true });
    expect(Number(row?.transactions)).toBeLessThan(10);
  });

  it('of many, the first with an identity is the one that is created, however far apart they stand', async () => {
    const keyed = { ...requestFor(KEYED), idempotencyKey: 'far apart' };
    const many = Array.from({ length: 2_500 }, (_, n) => requestFor(EASY, { n }));
    const outcomes = await client.submitMany([many[0] ?? keyed, keyed, ...many, keyed, ...many, keyed]);
    const [first, second, third] = outcomes.filter((_, n) => [1, 2_502, 5_003].includes(n));
    expect(first).toMatchObject({ created: true });
    if (first === undefined || 'error' in first) throw new Error('expected a task');
    expect([second, third]).toMatchObject([
      { taskUuid: first.taskUuid, created: false },
      { taskUuid: first.taskUuid, created: false },
    ]);
    const others = outcomes.filter((outcome) => 'created' in outcome && outcome.created);
    expect(others).toHaveLength(5_002);
    await lab.rows('DELETE FROM tasker.steps');
    await lab.rows('DELETE FROM tasker.tasks');
  });

  it('one that the database refuses is refused alone', async () => {
    await lab.rows(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON tasker.tasks FOR EACH ROW WHEN (NEW.initiator = 'mallory')
       EXECUTE FUNCTION refuse()`,
    );
    const outcomes = await Promise.allSettled(
      ['ada', 'mallory', 'bob'].map((initiator) => client.submit({ ...requestFor(EASY), initiator })),
    );
    await lab.rows('DROP TRIGGER refuse ON tasker.tasks');
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { created: true } },
      { status: 'rejected', reason: { message: 'not this one' } },
      { status: 'fulfilled', value: { created: true } },
    ]);
  });

  it('one that has to wait for an open transaction with the same identity waits alone', async () => {
    const other = new Client({ connectionString: lab.databaseUrl });
    await other.connect();
    try {
      await other.query('BEGIN');
      const request = { ...requestFor(KEYED), idempotencyKey: 'contended' };
      const first = await client.submit(request, { client: other });
      const second = client.submit(request);
      expect(await client.submit(requestFor(EASY))).toMatchObject({ created: true });
      await other.query('COMMIT');
      expect(await second).toMatchObject({ taskUuid: first.taskUuid, created: false });
    } finally {
      await other.end();
    }
  });
});
