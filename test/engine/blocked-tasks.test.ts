import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { newTask } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { DIAMOND, LONE_STEP, TWO_BRANCHES } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

const ROUNDS = 150;

let core: CoreDatabase;
let first: CoreConnection;
let second: CoreConnection;
let twoBranches: number;
let diamond: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  [first, second] = [await core.connection(), await core.connection()];
  twoBranches = await core.template(TWO_BRANCHES);
  diamond = await core.template(DIAMOND);
});

afterEach(() => expectConsistent(core));

afterAll(() => core.drop());

type Branches = readonly [left: ClaimedStep, right: ClaimedStep];

/** New tasks of two branches, both claimed. */
async function running(count: number): Promise<readonly Branches[]> {
  const tasks = Array.from({ length: count }, () => newTask({ template_id: twoBranches }));
  await first.submitAll(tasks);
  const { steps } = await first.claim({ slots: 2 * count, templates: [twoBranches] });
  return tasks.map((task): Branches => {
    const [left, right] = steps
      .filter((step) => step.taskUuid === task.task_uuid)
      .toSorted((a, b) => a.stepIndex - b.stepIndex);
    if (left === undefined || right === undefined) throw new Error('expected both branches');
    return [left, right];
  });
}

async function runningOne(): Promise<Branches> {
  const [branches] = await running(1);
  if (branches === undefined) throw new Error('expected a task');
  return branches;
}

async function statusOf(step: ClaimedStep): Promise<string> {
  return (await core.task(step.taskUuid)).status;
}

describe('A task of which a branch has failed', () => {
  it('is blocked at once when the other branch ends in the same instant, however it ends', async () => {
    for (const [round, [left, right]] of (await running(ROUNDS)).entries()) {
      const other = round % 2 === 0 ? succeeded(right) : failedForGood(right);
      const answers = await Promise.all([first.complete([failedForGood(left)]), second.complete([other])]);
      expect(answers.flatMap(({ settledTasks }) => settledTasks)).toEqual([left.taskUuid]);
      expect(await statusOf(left)).toBe('blocked_by_failures');
    }
  });

  it('is blocked at once when the other branch’s worker is lost for the last time in the same instant', async () => {
    const tasks = await running(ROUNDS / 3);
    await core.clock.advance(60_000);
    await Promise.all([
      first.complete(tasks.map(([left]) => failedForGood(left))),
      second.reclaim({ maxLost: 1, limit: 1_000 }),
    ]);
    await second.reclaim({ maxLost: 1, limit: 1_000 });
    for (const [left] of tasks) expect(await statusOf(left)).toBe('blocked_by_failures');
  });

  it('stays active while the other branch runs, waits for a retry, or is ready again', async () => {
    const [left, right] = await runningOne();
    expect((await first.complete([failedForGood(left)])).settledTasks).toEqual([]);
    expect(await statusOf(left)).toBe('steps_in_process');
    await first.complete([failed(right, { backoff: 'linear', base_ms: 1_000 })]);
    expect(await statusOf(left)).toBe('waiting_for_retry');
    await core.clock.advance(1_000);
    const { steps } = await first.claim();
    await first.release(steps);
    expect(await statusOf(left)).toBe('steps_in_process');
    const again = await first.claim();
    const answer = await first.complete(again.steps.map((step) => succeeded(step)));
    expect(answer.settledTasks).toEqual([left.taskUuid]);
    expect(await statusOf(left)).toBe('blocked_by_failures');
  });

  it('goes on and completes after its step was reset', async () => {
    const [left, right] = await runningOne();
    await first.complete([failedForGood(left), succeeded(right)]);
    expect(await second.reset(left.taskUuid, left.stepIndex)).toEqual({ outcome: 'done', state: 5 });
    expect(await statusOf(left)).toBe('steps_in_process');
    expect(await second.reset(left.taskUuid, left.stepIndex)).toEqual({ outcome: 'invalid_state', state: 1 });
    const { steps } = await first.claim();
    expect(steps).toMatchObject([{ name: 'left', attempt: 1 }]);
    expect((await first.complete(steps.map((step) => succeeded(step)))).settledTasks).toEqual([
      left.taskUuid,
    ]);
    expect(await statusOf(left)).toBe('complete');
    expect((await core.events(left.taskUuid)).map(({ kind, task_status: status }) => [kind, status])).toEqual(
      [
        [1, null],
        [3, null],
        [9, 1],
        [6, null],
        [9, 0],
        [1, null],
        [9, 2],
      ],
    );
  });

  it('is reset twice in the same instant: the step runs anew once', async () => {
    for (const [left, right] of await running(30)) {
      await first.complete([failedForGood(left), succeeded(right)]);
      const outcomes = await Promise.all([first.reset(left.taskUuid, 0), second.resolve(left.taskUuid, 0)]);
      expect(outcomes.map((row) => row?.outcome)).toContain('done');
      if (outcomes[1]?.outcome !== 'done') await second.resolve(left.taskUuid, 0);
      expect(await statusOf(left)).toBe('complete');
    }
  });

  it('lets its dependants go on once the step is resolved, or completed by hand with a result', async () => {
    for (const complete of [false, true]) {
      const task = await first.submit({ template_id: diamond });
      const root = await first.claim();
      const { steps } = await first.complete(
        root.steps.map((step) => succeeded(step)),
        { slots: 2 },
      );
      await first.complete(
        steps.map((step) => (step.name === 'left' ? failedForGood(step) : succeeded(step, 'r'))),
      );
      expect(await core.task(task)).toMatchObject({ status: 'blocked_by_failures', pending_steps: 1 });
      expect(await first.reset(task, 3)).toEqual({ outcome: 'invalid_state', state: 0 });
      expect(await first.resolve(task, 3)).toMatchObject({ outcome: 'invalid_state', state: 0 });

      const done = complete
        ? await first.completeByHand(task, 1, { made: 'up' })
        : await first.resolve(task, 1);
      expect(done).toEqual({ outcome: 'done', state: 5, settled: false });
      const join = await first.claim();
      expect(join.steps.map(({ name, input }) => [name, input.results])).toEqual([
        ['join', complete ? { left: { made: 'up' }, right: 'r' } : { right: 'r' }],
      ]);
      await first.complete(join.steps.map((step) => succeeded(step)));
      expect(await core.task(task)).toMatchObject({
        status: 'complete',
        failed_steps: 0,
        completed_steps: 4,
      });
    }
  });

  it('is complete when its last step is resolved, or completed by hand', async () => {
    for (const act of [
      (task: string) => first.resolve(task, 1),
      (task: string) => first.completeByHand(task, 1, {}),
    ]) {
      const [left, right] = await runningOne();
      await first.complete([succeeded(left), failedForGood(right)]);
      expect(await act(left.taskUuid)).toEqual({ outcome: 'done', state: 5, settled: true });
      expect(await statusOf(left)).toBe('complete');
      expect(await act(left.taskUuid)).toEqual({
        outcome: 'invalid_state',
        state: expect.any(Number),
        settled: false,
      });
    }
  });

  it('can be cancelled, and then nothing brings it back', async () => {
    const [left, right] = await runningOne();
    await first.complete([failedForGood(left), succeeded(right)]);
    expect(await first.cancel(left.taskUuid)).toBe('cancelled');
    const before = await core.everything(left.taskUuid);
    expect(await first.reset(left.taskUuid, 0)).toMatchObject({ outcome: 'invalid_state' });
    expect(await first.resolve(left.taskUuid, 0)).toMatchObject({ outcome: 'invalid_state' });
    expect(await first.completeByHand(left.taskUuid, 0, {})).toMatchObject({ outcome: 'invalid_state' });
    expect(await first.cancel(left.taskUuid)).toBe('ended');
    expect(await core.everything(left.taskUuid)).toEqual(before);
  });
});

describe('What does not exist', () => {
  it('is said to be not found', async () => {
    const nowhere = newTask({ template_id: diamond }).task_uuid;
    const task = await first.submit({ template_id: await core.template(LONE_STEP) });
    expect(await first.cancel(nowhere)).toBe('not_found');
    expect(await first.reset(nowhere, 0)).toEqual({ outcome: 'not_found', state: null });
    expect(await first.resolve(task, 1)).toMatchObject({ outcome: 'not_found', state: null });
    expect(await first.completeByHand(task, -1, {})).toMatchObject({ outcome: 'not_found' });
    await first.cancel(task);
  });
});
