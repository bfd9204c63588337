import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { expectConsistent } from './consistency.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { DIAMOND, fan, LONE_STEP } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

const NOON = new Date('2031-05-05T12:00:00.000Z');

let core: CoreDatabase;
let worker: CoreConnection;
let diamond: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  diamond = await core.template(DIAMOND);
});

beforeEach(() => core.clock.freeze(NOON));

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

function at(seconds: number): Date {
  return new Date(NOON.getTime() + seconds * 1_000);
}

describe('A task as it is read', () => {
  it('tells at every point of its life what its steps are doing', async () => {
    const task = await worker.submit({ template_id: diamond });
    const counts = { total_steps: 4, failed_steps: 0, waiting_for_retry_steps: 0 };
    expect(await core.task(task)).toMatchObject({
      ...counts,
      status: 'pending',
      pending_steps: 3,
      ready_steps: 1,
      in_progress_steps: 0,
      completed_steps: 0,
      created_at: NOON,
      updated_at: NOON,
      completed_at: null,
    });

    await core.clock.advance(1_000);
    const root = await worker.claim();
    expect(await core.task(task)).toMatchObject({
      ...counts,
      status: 'steps_in_process',
      pending_steps: 3,
      ready_steps: 0,
      in_progress_steps: 1,
      updated_at: at(1),
      completed_at: null,
    });

    await core.clock.advance(1_000);
    const branches = await worker.complete(
      root.steps.map((step) => succeeded(step)),
      { slots: 1 },
    );
    expect(await core.task(task)).toMatchObject({
      ...counts,
      status: 'steps_in_process',
      pending_steps: 1,
      ready_steps: 1,
      in_progress_steps: 1,
      completed_steps: 1,
      updated_at: at(2),
    });

    const rest = await worker.claim();
    const branch = [...branches.steps, ...rest.steps];
    await core.clock.advance(1_000);
    await worker.complete(
      branch.map((step) =>
        step.name === 'left' ? failed(step, { backoff: 'linear', base_ms: 5_000 }) : succeeded(step),
      ),
    );
    expect(await core.task(task)).toMatchObject({
      ...counts,
      status: 'waiting_for_retry',
      waiting_for_retry_steps: 1,
      pending_steps: 1,
      ready_steps: 0,
      completed_steps: 2,
    });

    await core.clock.advance(5_000);
    expect(await core.task(task)).toMatchObject({
      status: 'steps_in_process',
      waiting_for_retry_steps: 0,
      ready_steps: 1,
    });
    const retry = await worker.claim();
    await worker.complete(retry.steps.map((step) => failedForGood(step)));
    expect(await core.task(task)).toMatchObject({
      status: 'blocked_by_failures',
      failed_steps: 1,
      pending_steps: 1,
      completed_steps: 2,
      completed_at: null,
    });

    await core.clock.advance(1_000);
    await worker.resolve(task, 1);
    const join = await worker.claim();
    await core.clock.advance(1_000);
    await worker.complete(join.steps.map((step) => succeeded(step)));
    expect(await core.task(task)).toMatchObject({
      ...counts,
      status: 'complete',
      completed_steps: 4,
      pending_steps: 0,
      completed_at: at(10),
      updated_at: at(10),
    });
  });

  it('is cancelled with the time of it', async () => {
    const task = await worker.submit({ template_id: diamond });
    await core.clock.advance(1_000);
    await worker.cancel(task);
    expect(await core.task(task)).toMatchObject({
      status: 'cancelled',
      completed_at: at(1),
      pending_steps: 0,
    });
    expect((await core.steps(task)).map(({ state }) => state)).toEqual(
      Array.from({ length: 4 }, () => 'cancelled'),
    );
  });

  it('comes once, in the order of ids, and not at all where there is none', async () => {
    const tasks = [
      await worker.submit({ template_id: diamond }),
      await worker.submit({ template_id: diamond }),
    ];
    const rows = await core.rows<{ task_uuid: string }>('SELECT task_uuid FROM tasker.read_tasks($1)', [
      [...tasks.toReversed(), randomUUID(), tasks[0]],
    ]);
    expect(rows.map((row) => row.task_uuid)).toEqual(tasks);
    expect(await core.steps(randomUUID())).toEqual([]);
  });

  it('counts as settled once it has ended, is blocked, or does not exist', async () => {
    const template = await core.template(LONE_STEP);
    const submit = () => worker.submit({ template_id: template });
    const [complete, blocked, cancelled] = [await submit(), await submit(), await submit()];
    const { steps } = await worker.claim({ slots: 2 });
    await worker.complete(
      steps.map((step) => (step.taskUuid === complete ? succeeded(step) : failedForGood(step))),
    );
    await worker.cancel(cancelled);
    const [active, nowhere] = [await submit(), randomUUID()];
    const rows = await core.rows<{ task_uuid: string }>(
      'SELECT task_uuid FROM tasker.read_settled_tasks($1)',
      [[complete, blocked, cancelled, active, nowhere]],
    );
    expect(rows.map((row) => row.task_uuid).toSorted()).toEqual(
      [complete, blocked, cancelled, nowhere].toSorted(),
    );
  });
});

describe('A step as it is read', () => {
  it('tells when it was tried, failed, is retried and was completed, and by whom', async () => {
    const task = await worker.submit({ template_id: await core.template(LONE_STEP) });
    expect(await core.step(task, 'only')).toMatchObject({
      state: 'enqueued',
      attempts: 0,
      last_attempted_at: null,
      next_retry_at: null,
      last_failure_at: null,
      completed_at: null,
      event_kind: null,
      worker_name: null,
      result: null,
    });

    await core.clock.advance(1_000);
    const first = await worker.claim();
    expect(await core.step(task, 'only')).toMatchObject({
      state: 'in_progress',
      attempts: 1,
      last_attempted_at: at(1),
    });
    await core.clock.advance(1_000);
    await worker.complete(
      first.steps.map((step) => failed(step, { backoff: 'linear', base_ms: 4_000 }, 'oh no')),
    );
    expect(await core.step(task, 'only')).toMatchObject({
      state: 'waiting_for_retry',
      attempts: 1,
      last_attempted_at: at(1),
      last_failure_at: at(2),
      next_retry_at: at(6),
      completed_at: null,
      event_kind: 2,
      event_detail: { message: 'oh no' },
      worker_name: 'worker 1',
      result: null,
    });

    await core.clock.advance(10_000);
    const second = await worker.claim();
    expect(await core.step(task, 'only')).toMatchObject({
      state: 'in_progress',
      attempts: 2,
      next_retry_at: null,
    });
    await core.clock.advance(1_000);
    await worker.complete(second.steps.map((step) => succeeded(step, { ok: 1 }, { note: 'n' })));
    expect(await core.step(task, 'only')).toMatchObject({
      state: 'complete',
      attempts: 2,
      last_attempted_at: at(12),
      last_failure_at: at(2),
      next_retry_at: null,
      completed_at: at(13),
      event_kind: 1,
      event_detail: null,
      event_metadata: { note: 'n' },
      result: { ok: 1 },
    });
  });

  it('shows what was done by hand: resolved without a result, or complete with the given one', async () => {
    const task = await worker.submit({ template_id: await core.template(fan(2)) });
    const root = await worker.claim();
    await worker.complete(
      root.steps.map((step) => succeeded(step)),
      { slots: 2 },
    );
    await core.clock.advance(1_000);
    await worker.resolve(task, 1);
    await worker.completeByHand(task, 2, { given: true });
    expect(
      (await core.steps(task)).map(({ state, result, event_kind, completed_at }) => [
        state,
        result,
        event_kind,
        completed_at,
      ]),
    ).toEqual([
      ['complete', null, 1, NOON],
      ['resolved_manually', null, 7, at(1)],
      ['complete', { given: true }, 8, at(1)],
      ['enqueued', null, null, null],
    ]);
  });

  it('gives its result by name, once it is complete', async () => {
    const task = await worker.submit({ template_id: diamond });
    const read = (name: string) =>
      core.rows('SELECT result FROM tasker.read_step_results(ARRAY[$1::uuid], ARRAY[$2::text])', [
        task,
        name,
      ]);
    expect(await read('start')).toEqual([]);
    const { steps } = await worker.claim();
    await worker.complete(steps.map((step) => succeeded(step, [1, { two: 3 }])));
    expect(await read('start')).toEqual([{ result: [1, { two: 3 }] }]);
    await worker.resolve(task, 1);
    expect(await read('left')).toEqual([]);
    expect(await read('right')).toEqual([]);
    expect(await read('nothing')).toEqual([]);
  });
});
