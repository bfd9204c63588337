import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, LONE_STEP } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
let other: CoreConnection;
let lone: number;
let twoSteps: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  [worker, other] = [await core.connection(), await core.connection()];
  lone = await core.template(LONE_STEP);
  twoSteps = await core.template(chain(2));
});

afterEach(() => expectConsistent(core));

afterAll(() => core.drop());

async function claimOne(from: CoreConnection): Promise<ClaimedStep> {
  const [step] = (await from.claim()).steps;
  if (step === undefined) throw new Error('expected a ready step');
  return step;
}

/** Every report that the holder of an attempt could still send is refused, and leaves everything as it was. */
async function expectRefused(late: ClaimedStep): Promise<void> {
  const before = await core.everything(late.taskUuid);
  for (const report of [succeeded(late, 'late'), failed(late), failedForGood(late)]) {
    const answer = await worker.complete([report], { slots: 3 });
    expect(answer.unrecorded).toMatchObject([{ token: late.token, reason: 'refused' }]);
    expect(answer).toMatchObject({ steps: [], settledTasks: [], released: 0 });
  }
  expect(await worker.extend([late])).toEqual([late.token]);
  expect(await worker.release([late])).toBe(0);
  expect(await core.everything(late.taskUuid)).toEqual(before);
}

/** Lets every lease that is held now run out, and takes the steps back. */
async function loseAllWorkers(): Promise<void> {
  await core.clock.advance(60_000);
  await worker.reclaim();
}

describe('An answer that comes too late is refused and changes nothing', () => {
  it('when its step was taken back and is running elsewhere', async () => {
    await worker.submit({ template_id: lone });
    const late = await claimOne(worker);
    await loseAllWorkers();
    const current = await claimOne(other);
    expect(current.taskUuid).toBe(late.taskUuid);
    await expectRefused(late);
    expect((await other.complete([succeeded(current)])).unrecorded).toEqual([]);
  });

  it('when another attempt has completed, failed, or waits for its retry', async () => {
    const endings = [
      (step: ClaimedStep) => succeeded(step, 'the real one'),
      failedForGood,
      (step: ClaimedStep) => failed(step, { backoff: 'linear', base_ms: 5_000 }),
    ];
    for (const ending of endings) {
      const task = await worker.submit({ template_id: lone });
      const late = await claimOne(worker);
      await loseAllWorkers();
      await other.complete([ending(await claimOne(other))]);
      await expectRefused(late);
      await worker.cancel(task);
    }
  });

  it('when its step was taken back and nobody runs it yet, and when it was handed back', async () => {
    const lost = await worker.submit({ template_id: lone });
    const lostAttempt = await claimOne(worker);
    await loseAllWorkers();
    const before = await core.everything(lost);
    const answer = await worker.complete([succeeded(lostAttempt)]);
    expect(answer.unrecorded).toMatchObject([{ reason: 'refused' }]);
    expect(await core.everything(lost)).toEqual(before);
    await worker.cancel(lost);

    const released = await worker.submit({ template_id: lone });
    const handedBack = await claimOne(worker);
    expect(await worker.release([handedBack])).toBe(1);
    expect((await worker.complete([failed(handedBack)])).unrecorded).toMatchObject([{ reason: 'refused' }]);
    await worker.cancel(released);
  });

  it('when its task has been cancelled', async () => {
    const task = await worker.submit({ template_id: twoSteps });
    const late = await claimOne(worker);
    expect(await worker.cancel(task)).toBe('cancelled');
    await expectRefused(late);
    expect(await worker.cancel(task)).toBe('ended');
  });

  it('when its step has been resolved or completed by hand', async () => {
    for (const byHand of [
      (task: string) => other.resolve(task, 0),
      (task: string) => other.completeByHand(task, 0, { by: 'hand' }),
    ]) {
      const task = await worker.submit({ template_id: twoSteps });
      const late = await claimOne(worker);
      expect(await byHand(task)).toMatchObject({ outcome: 'done', state: 2 });
      const successor = await claimOne(other);
      expect(successor).toMatchObject({ taskUuid: task, stepIndex: 1 });
      await expectRefused(late);
      await other.complete([succeeded(successor)]);
    }
  });

  it('when its step failed for good, was reset, and runs anew under the same attempt number', async () => {
    const task = await worker.submit({ template_id: lone });
    const first = await claimOne(worker);
    await worker.complete([failedForGood(first)]);
    await worker.reset(task, 0);
    const second = await claimOne(other);
    expect(second.attempt).toBe(first.attempt);
    await expectRefused(first);
    await other.complete([succeeded(second)]);
  });
});

describe('One bad report does not harm the others of its batch', () => {
  it('be its task, its step or its token unknown, or someone else’s', async () => {
    const tasks = [await worker.submit({ template_id: lone }), await worker.submit({ template_id: lone })];
    const mine = await claimOne(worker);
    const theirs = await claimOne(other);
    const answer = await worker.complete([
      succeeded({ ...mine, taskUuid: randomUUID() }),
      succeeded({ ...mine, stepIndex: 77 }),
      failed({ ...mine, token: randomUUID() }),
      succeeded({ ...mine, token: theirs.token }),
      failedForGood({ ...theirs, token: mine.token }),
      succeeded(mine, 'good'),
    ]);
    expect(answer.unrecorded.map(({ reason }) => reason)).toEqual(Array.from({ length: 5 }, () => 'refused'));
    expect(answer.settledTasks).toEqual([mine.taskUuid]);
    expect(await core.step(mine.taskUuid, 'only')).toMatchObject({ state: 'complete', result: 'good' });
    expect(await core.step(theirs.taskUuid, 'only')).toMatchObject({ state: 'in_progress' });
    await other.complete([succeeded(theirs)]);
    expect(await Promise.all(tasks.map(async (task) => (await core.task(task)).status))).toEqual([
      'complete',
      'complete',
    ]);
  });

  it('sent twice in one batch it counts once; the second is told apart as a repetition', async () => {
    const task = await worker.submit({ template_id: twoSteps });
    const step = await claimOne(worker);
    const success = succeeded(step, 1);
    const answer = await worker.complete([success, success, failed(step)], { slots: 5 });
    expect(answer.unrecorded.map(({ reason }) => reason)).toEqual(['repeated', 'repeated']);
    expect(answer.steps).toMatchObject([{ taskUuid: task, stepIndex: 1, input: { results: { step_1: 1 } } }]);
    const [next] = answer.steps;
    if (next === undefined) throw new Error('expected the dependant');
    const failure = failed(next, { backoff: 'linear', base_ms: 9_000 });
    expect((await worker.complete([failure, failure])).unrecorded).toMatchObject([{ reason: 'repeated' }]);
    expect(await core.step(task, 'step_2')).toMatchObject({ state: 'waiting_for_retry', attempts: 1 });
    expect((await core.events(task)).map(({ kind }) => kind)).toEqual([1, 2]);
    await worker.cancel(task);
  });

  it('and a batch of successes, failures and retries ends each as it should', async () => {
    const tasks: string[] = [];
    for (let count = 0; count < 30; count += 1) tasks.push(await worker.submit({ template_id: twoSteps }));
    const { steps } = await worker.claim({ slots: 30 });
    const endings = [succeeded, failedForGood, (step: ClaimedStep) => failed(step, { after_ms: 3_600_000 })];
    const answer = await worker.complete(steps.flatMap((step, n) => endings[n % 3]?.(step) ?? []));
    expect(answer).toMatchObject({ unrecorded: [], released: 10 });
    expect(answer.settledTasks).toHaveLength(10);
    const statuses = await Promise.all(steps.map(async (step) => (await core.task(step.taskUuid)).status));
    expect(statuses).toEqual(
      steps.map((_, n) => ['steps_in_process', 'blocked_by_failures', 'waiting_for_retry'][n % 3]),
    );
    for (const task of tasks) await worker.cancel(task);
  });
});
