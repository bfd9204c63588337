import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { WorkerHandle } from '../../src/index.js';
import { PermanentStepError } from '../../src/index.js';
import { RetentionSweeper } from '../../src/retention/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

const DAY = 86_400_000;
/** Every table with rows that belong to a task. */
const TABLES = ['tasks', 'steps', 'events', 'domain_events', 'tasks_dlq'];

const counting = workflow('counting', {
  count: { publishes_events: [{ name: 'counted', condition: 'success' }] },
});
const failing = workflow('failing', { fail: {} });
const keyed = workflow('keyed', { count: {} }, { identity_strategy: 'caller_provided' });

let lab: Lab;
let worker: WorkerHandle;
let sweeper: RetentionSweeper;

beforeEach(async () => {
  lab = await Lab.open(counting, failing, keyed);
  worker = await startWorker(7);
  sweeper = worker.app.get(RetentionSweeper);
});

afterEach(() => lab.close());

function startWorker(retentionDays: number): Promise<WorkerHandle> {
  return lab.worker({
    handlers: {
      count: () => 1,
      fail: () => {
        throw new PermanentStepError('never');
      },
    },
    settings: { retentionDays },
  });
}

async function finish(of: typeof counting, request: object = {}): Promise<string> {
  const { taskUuid } = await worker.client.submit({ ...requestFor(of), ...request });
  await worker.client.waitFor(taskUuid);
  return taskUuid;
}

async function rowsOf(taskUuids: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const counts = TABLES.map(async (table): Promise<[string, number]> => {
    const rows = await lab.rows(`SELECT FROM tasker.${table} WHERE task_uuid = ANY ($1)`, [taskUuids]);
    return [table, rows.length];
  });
  return Object.fromEntries(await Promise.all(counts));
}

describe('finished tasks', () => {
  it('are kept for TASKER_RETENTION_DAYS, then removed with all that belongs to them', async () => {
    const old = [await finish(counting), await finish(counting)];
    await lab.clock.advance(6 * DAY);
    expect(await sweeper.sweep()).toBe(0);
    expect(await rowsOf(old)).toMatchObject({ tasks: 2, steps: 2, domain_events: 2 });

    const young = await finish(counting);
    await lab.clock.advance(2 * DAY);
    expect(await sweeper.sweep()).toBe(2);
    expect(await rowsOf(old)).toEqual({ tasks: 0, steps: 0, events: 0, domain_events: 0, tasks_dlq: 0 });
    expect(await rowsOf([young])).toMatchObject({ tasks: 1, steps: 1, domain_events: 1 });
  });

  it('count from their end, not from their beginning', async () => {
    const { taskUuid } = await worker.client.submit({ ...requestFor(failing) });
    await worker.client.waitFor(taskUuid);
    await lab.clock.advance(8 * DAY);
    expect(await sweeper.sweep()).toBe(0);
    expect((await worker.client.get(taskUuid)).status).toBe('blocked_by_failures');

    await worker.client.cancel(taskUuid);
    await lab.clock.advance(6 * DAY);
    expect(await sweeper.sweep()).toBe(0);
    await lab.clock.advance(2 * DAY);
    expect(await sweeper.sweep()).toBe(1);
    await expect(worker.client.get(taskUuid)).rejects.toThrow('Task not found');
  });

  it('free their identities when they go', async () => {
    const again = { idempotencyKey: 'the-only-one' };
    const first = await finish(keyed, again);
    expect(await worker.client.submit({ ...requestFor(keyed), ...again })).toMatchObject({ taskUuid: first });
    await lab.clock.advance(8 * DAY);
    expect(await sweeper.sweep()).toBe(1);
    expect(await finish(keyed, again)).not.toBe(first);
  });

  it('go in batches, past the ones that stay', async () => {
    const tasks: string[] = [];
    for (let count = 0; count < 5; count += 1) tasks.push(await finish(counting));
    await finish(failing);
    for (let count = 0; count < 5; count += 1) tasks.push(await finish(counting));
    await lab.clock.advance(8 * DAY);
    expect(await sweeper.sweep(3)).toBe(10);
    expect(await rowsOf(tasks)).toMatchObject({ tasks: 0, steps: 0 });
    expect(await lab.rows('SELECT FROM tasker.tasks')).toHaveLength(1);
  });

  it('are left to one process at a time', async () => {
    await finish(counting);
    await lab.clock.advance(8 * DAY);
    const letGo = await lab.hold(
      `SELECT pg_advisory_lock(hashtextextended('tasker.remove_finished_tasks', 0))`,
    );
    expect(await sweeper.sweep()).toBe(0);
    await letGo();
    expect(await sweeper.sweep()).toBe(1);
  });

  it('do not make a sweep wait for whoever locks one of them', async () => {
    const locked = await finish(counting);
    const free = await finish(counting);
    await lab.clock.advance(8 * DAY);
    const letGo = await lab.hold(`BEGIN; SELECT FROM tasker.tasks WHERE task_uuid = '${locked}' FOR UPDATE`);
    expect(await sweeper.sweep()).toBe(1);
    expect(await rowsOf([free])).toMatchObject({ tasks: 0 });
    await letGo();
    expect(await sweeper.sweep()).toBe(1);
  });
});
