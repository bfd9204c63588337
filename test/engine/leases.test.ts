import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, LONE_STEP, TWO_BRANCHES } from './graphs.js';
import { failed, succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
let sweeper: CoreConnection;
let lone: number;
let task: string;

beforeAll(async () => {
  core = await CoreDatabase.create();
  [worker, sweeper] = [await core.connection(), await core.connection()];
  lone = await core.template(LONE_STEP);
  await core.clock.freeze(new Date('2031-05-05T12:00:00.000Z'));
});

beforeEach(async () => {
  task = await worker.submit({ template_id: lone });
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

async function claimed(steps: Promise<{ steps: readonly ClaimedStep[] }>): Promise<ClaimedStep> {
  const [step] = (await steps).steps;
  if (step === undefined) throw new Error('expected a step');
  return step;
}

/** Claims the step, together with others or alone, and is never heard of again. */
async function loseWorker({ maxLost = 5, alone = false } = {}): Promise<number | undefined> {
  const [token = ''] = tokens(1);
  await claimed(alone ? worker.claimAlone(token) : worker.claim());
  await core.clock.advance(30_001);
  const [row] = await sweeper.reclaim({ maxLost });
  return row?.state;
}

describe('A step whose worker is lost', () => {
  it('is taken back once its lease has run out, not before, and its attempt is not spent', async () => {
    const lost = await claimed(worker.claim());
    await core.clock.advance(30_000);
    expect(await sweeper.reclaim()).toEqual([]);
    await core.clock.advance(1);
    expect(await sweeper.reclaim()).toEqual([
      {
        task_uuid: task,
        step_index: 0,
        state: 1,
        settled: false,
        name: 'only',
        lost_count: 1,
        worker: expect.any(String),
      },
    ]);
    expect(await core.step(task, 'only')).toMatchObject({ state: 'enqueued', attempts: 0, lost_count: 1 });
    expect(await sweeper.reclaim()).toEqual([]);

    const again = await claimed(worker.claim());
    expect(again).toMatchObject({ attempt: 1, lostCount: 1 });
    expect(again.token).not.toBe(lost.token);
    expect(await core.events(task)).toMatchObject([
      {
        kind: 4,
        attempt: 1,
        worker_id: worker.workerId,
        detail: { error_code: 'WORKER_LOST', retryable: true },
      },
    ]);
  });

  it('is given out only alone from the second loss on', async () => {
    expect(await loseWorker()).toBe(1);
    expect(await loseWorker()).toBe(8);
    const neighbour = await worker.submit({ template_id: lone });
    const answer = await worker.claim({ slots: 10 });
    expect(answer.steps).toMatchObject([{ taskUuid: neighbour }]);
    expect(answer.alone).toBe(true);
    expect((await worker.claim({ templates: [await core.template(LONE_STEP)] })).alone).toBe(false);

    const [token = ''] = tokens(1);
    const suspect = await worker.claimAlone(token);
    expect(suspect).toMatchObject({
      steps: [{ taskUuid: task, token, lostCount: 2, attempt: 1 }],
      alone: false,
    });
    expect((await worker.claimAlone(tokens(1)[0] ?? '')).steps).toEqual([]);
    await worker.complete(suspect.steps.map((step) => succeeded(step)));
    expect(await core.task(task)).toMatchObject({ status: 'complete' });
  });

  it('stays alone when it was handed back, and when it is retried at once or later', async () => {
    await loseWorker();
    await loseWorker();
    const claimAlone = (): Promise<ClaimedStep> => claimed(worker.claimAlone(tokens(1)[0] ?? ''));
    expect(await worker.release([await claimAlone()])).toBe(1);
    expect((await worker.claim()).steps).toEqual([]);
    await worker.complete([failed(await claimAlone())]);
    expect((await worker.claim()).steps).toEqual([]);
    await worker.complete([failed(await claimAlone(), { backoff: 'linear', base_ms: 100 })]);
    await core.clock.advance(1_000);
    expect(await worker.claim()).toMatchObject({ steps: [], alone: true, nextRetryMs: null });
    await worker.complete([succeeded(await claimAlone())]);
  });

  it('ends in error when it was lost too often, and blocks its task, which says why', async () => {
    expect(await loseWorker({ maxLost: 3 })).toBe(1);
    expect(await loseWorker({ maxLost: 3 })).toBe(8);
    await claimed(worker.claimAlone(tokens(1)[0] ?? ''));
    await core.clock.advance(30_001);
    expect(await sweeper.reclaim({ maxLost: 3 })).toMatchObject([
      { task_uuid: task, step_index: 0, state: 5, settled: true, lost_count: 3 },
    ]);
    expect(await core.task(task)).toMatchObject({ status: 'blocked_by_failures', failed_steps: 1 });
    const step = await core.step(task, 'only');
    expect(step).toMatchObject({ state: 'error', attempts: 0, lost_count: 3 });
    expect(step.event_detail).toMatchObject({ error_code: 'WORKER_LOST', retryable: false });
    expect((await core.events(task)).map(({ kind }) => kind)).toEqual([4, 4, 3, 9]);

    expect(await worker.reset(task, 0)).toMatchObject({ outcome: 'done', state: 5 });
    expect(await claimed(worker.claim())).toMatchObject({ attempt: 1, lostCount: 0 });
  });

  it('ends at the first loss where max_lost is 1, beside a branch that runs on', async () => {
    const both = await worker.submit({ template_id: await core.template(TWO_BRANCHES), lease_seconds: 10 });
    const { steps } = await worker.claim({ slots: 3 });
    const right = steps.filter((step) => step.name === 'right');
    await core.clock.advance(8_000);
    expect(await worker.extend(right)).toEqual([]);
    await core.clock.advance(4_000);
    expect(await sweeper.reclaim({ maxLost: 1 })).toMatchObject([
      { task_uuid: both, state: 5, settled: false },
    ]);
    expect(await core.task(both)).toMatchObject({ status: 'steps_in_process' });
    expect((await worker.complete(right.map((step) => succeeded(step)))).settledTasks).toEqual([both]);
    expect(await core.task(both)).toMatchObject({ status: 'blocked_by_failures' });
  });

  it('is handed back unspent by a worker that goes in order', async () => {
    const step = await claimed(worker.claim());
    expect(await worker.release([step])).toBe(1);
    expect(await core.step(task, 'only')).toMatchObject({ state: 'enqueued', attempts: 0, lost_count: 0 });
    expect(await core.events(task)).toMatchObject([{ kind: 5, attempt: 1, worker_id: worker.workerId }]);
    expect(await claimed(worker.claim())).toMatchObject({ attempt: 1, lostCount: 0 });
  });
});

describe('A lease', () => {
  it('is kept by extending it, for as long as its holder goes on', async () => {
    const step = await claimed(worker.claim());
    for (let round = 0; round < 5; round += 1) {
      await core.clock.advance(20_000);
      expect(await worker.extend([step])).toEqual([]);
      expect(await sweeper.reclaim()).toEqual([]);
    }
    expect((await worker.complete([succeeded(step)])).unrecorded).toEqual([]);
    expect(await worker.extend([step])).toEqual([step.token]);
  });

  it('that has run out can still be extended as long as nobody has taken the step back', async () => {
    const step = await claimed(worker.claim());
    await core.clock.advance(300_000);
    expect(await worker.extend([step])).toEqual([]);
    expect(await sweeper.reclaim()).toEqual([]);
    expect((await worker.complete([succeeded(step)])).unrecorded).toEqual([]);
  });

  it('is as long as the task asks for, at its claim, at the hand-over and at each extension', async () => {
    await worker.cancel(task);
    const slow = await worker.submit({ template_id: await core.template(chain(2)), lease_seconds: 3_600 });
    const quick = await worker.submit({ template_id: lone, lease_seconds: 1 });
    const first = await worker.claim({ slots: 2, leaseSeconds: 30 });
    expect(first.steps.map((step) => step.leaseSeconds).toSorted((a, b) => a - b)).toEqual([1, 3_600]);
    await core.clock.advance(1_001);
    expect(await sweeper.reclaim()).toMatchObject([{ task_uuid: quick }]);

    const root = first.steps.filter((step) => step.taskUuid === slow);
    await core.clock.advance(3_500_000);
    await worker.extend(root, 5);
    await core.clock.advance(3_500_000);
    expect(await sweeper.reclaim()).toEqual([]);
    const next = await worker.complete(
      root.map((step) => succeeded(step)),
      { slots: 1, leaseSeconds: 5 },
    );
    expect(next.steps).toMatchObject([{ taskUuid: slow, stepIndex: 1, leaseSeconds: 3_600 }]);
    await core.clock.advance(3_600_000);
    expect(await sweeper.reclaim()).toEqual([]);
    await core.clock.advance(1);
    expect(await sweeper.reclaim()).toMatchObject([{ task_uuid: slow, step_index: 1 }]);
    await loseWorker();
    await loseWorker();
    const [token = ''] = tokens(1);
    const { steps } = await worker.claimAlone(token, { leaseSeconds: 7 });
    expect([1, 3_600]).toContain(steps[0]?.leaseSeconds);
  });

  it('that is being extended is not taken back, and one that is being taken back is not extended', async () => {
    const step = await claimed(worker.claim());
    await core.clock.advance(60_000);
    const extension = await worker.within(() => worker.extend([step]));
    const sweep = sweeper.reclaim();
    await extension.end('COMMIT');
    expect(await sweep).toEqual([]);

    await core.clock.advance(60_000);
    const second = await sweeper.within(() => sweeper.reclaim());
    expect(second.answer).toHaveLength(1);
    // The row is locked: the extension neither waits for it nor says anything of it yet.
    expect(await worker.extend([step])).toEqual([]);
    await second.end('COMMIT');
    expect(await worker.extend([step])).toEqual([step.token]);
    expect((await worker.complete([succeeded(step)])).unrecorded).toMatchObject([{ reason: 'refused' }]);
  });

  it('is not taken back while another call works on its task; the next sweep finds it', async () => {
    const both = await worker.submit({ template_id: await core.template(TWO_BRANCHES) });
    const { steps } = await worker.claim({ slots: 3 });
    const left = steps.find((step) => step.taskUuid === both);
    if (left === undefined) throw new Error('expected the branch');
    await core.clock.advance(60_000);
    const completion = await worker.within(() => worker.complete([succeeded(left)]));
    expect((await sweeper.reclaim()).map((row) => row.task_uuid)).toEqual([task]);
    await completion.end('COMMIT');
    expect(await sweeper.reclaim()).toMatchObject([{ task_uuid: both }]);
    expect((await core.steps(both)).map((step) => step.state).toSorted()).toEqual(['complete', 'enqueued']);
  });

  it('of more steps than one sweep takes is found by the next ones, oldest first', async () => {
    await worker.cancel(task);
    for (let count = 0; count < 5; count += 1) {
      await worker.submit({ template_id: lone });
      await worker.claim();
      await core.clock.advance(1_000);
    }
    await core.clock.advance(60_000);
    const sweeps = [];
    for (let sweep = 0; sweep < 3; sweep += 1) sweeps.push((await sweeper.reclaim({ limit: 2 })).length);
    expect(sweeps).toEqual([2, 2, 1]);
  });
});
