import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { expectConsistent } from './consistency.js';
import { newTask, tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { DIAMOND, LONE_STEP } from './graphs.js';
import { failed, succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
/** The same worker, on another connection. */
let again: CoreConnection;
let lone: number;
let diamond: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  again = await core.connection(worker.workerId);
  lone = await core.template(LONE_STEP);
  diamond = await core.template(DIAMOND);
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

describe('A task that is submitted by a worker with a free slot', () => {
  it('is accepted, and its first step claimed, in one transaction', async () => {
    const tasks = [newTask({ template_id: diamond, context: { n: 1 } }), newTask({ template_id: lone })];
    const underWay = await worker.within(() => worker.submitAndClaim(tasks, { slots: 3 }));
    expect(await core.rows('SELECT FROM tasker.tasks')).toEqual([]);
    await underWay.end('COMMIT');
    const { tasks: accepted, claims } = underWay.answer;
    expect(accepted.map(({ outcome, taskUuid }) => ({ outcome, taskUuid }))).toEqual(
      tasks.map(({ task_uuid }) => ({ outcome: 'created', taskUuid: task_uuid })),
    );
    expect(accepted[0]?.acceptedAt).toBeInstanceOf(Date);
    expect(claims.more).toBe(false);
    expect(claims.steps).toHaveLength(2);
    expect(claims.steps.find(({ taskUuid }) => taskUuid === tasks[0]?.task_uuid)?.input.context).toEqual({
      n: 1,
    });
    await worker.complete(claims.steps.map((step) => succeeded(step)));
  });

  it('never enters the queue where nothing else is ready', async () => {
    const task = newTask({ template_id: diamond, priority: 3 });
    const { claims } = await worker.submitAndClaim([task], { slots: 2 });
    expect(claims).toMatchObject({
      steps: [{ taskUuid: task.task_uuid, stepIndex: 0, attempt: 1, lostCount: 0, leaseSeconds: 30 }],
      more: false,
    });
    expect(
      await core.rows(`SELECT (xmax = 0) AS untouched, state, attempts, queued_at, started_at IS NOT NULL AS begun
                       FROM tasker.steps ORDER BY step_index LIMIT 1`),
    ).toEqual([{ untouched: true, state: 2, attempts: 1, queued_at: null, begun: true }]);
    await worker.complete(claims.steps.map((step) => succeeded(step)));
  });

  it('is alone with its worker that knows of nothing else that is ready', async () => {
    const older = await worker.submit({ template_id: lone });
    const task = newTask({ template_id: lone });
    const { claims } = await worker.submitAndClaim([task], { slots: 2, seek: false });
    expect(claims).toMatchObject({ steps: [{ taskUuid: task.task_uuid }], more: false });
    expect((await worker.claim()).steps).toMatchObject([{ taskUuid: older }]);
  });

  it('leaves to the queue what it has no slot for, the less urgent first', async () => {
    const tasks = [1, 7, 5].map((priority) => newTask({ template_id: lone, priority }));
    const { claims } = await worker.submitAndClaim(tasks, { slots: 2 });
    expect(claims.more).toBe(true);
    expect(new Set(claims.steps.map(({ taskUuid }) => taskUuid))).toEqual(
      new Set([tasks[1]?.task_uuid, tasks[2]?.task_uuid]),
    );
    expect((await worker.claim()).steps).toMatchObject([{ taskUuid: tasks[0]?.task_uuid }]);
  });

  it('leaves to the queue what the worker does not serve', async () => {
    const tasks = [newTask({ template_id: diamond }), newTask({ template_id: lone })];
    const { claims } = await worker.submitAndClaim(tasks, { slots: 3, templates: [lone] });
    expect(claims.steps).toMatchObject([{ taskUuid: tasks[1]?.task_uuid }]);
    expect((await worker.claim()).steps).toMatchObject([{ taskUuid: tasks[0]?.task_uuid }]);
  });

  it('leaves to the queue what comes with a repeat', async () => {
    const known = newTask({ template_id: lone });
    await worker.submitAll([known]);
    const [held] = (await worker.claim()).steps;
    const task = newTask({ template_id: diamond });
    const { tasks, claims } = await worker.submitAndClaim([known, task], { slots: 3 });
    expect(tasks.map(({ outcome }) => outcome)).toEqual(['created', 'created']);
    expect(claims).toMatchObject({ steps: [{ taskUuid: task.task_uuid }], more: false });
    expect(held?.taskUuid).toBe(known.task_uuid);
  });

  it('waits behind a retry that is due', async () => {
    const retried = await worker.submit({ template_id: lone });
    const [step] = (await worker.claim()).steps;
    if (step === undefined) throw new Error('nothing was claimed');
    await worker.complete([failed(step, { base_ms: 0 })]);
    const task = newTask({ template_id: lone });
    const { claims } = await worker.submitAndClaim([task], { slots: 1 });
    expect(claims.steps).toMatchObject([{ taskUuid: retried, attempt: 2 }]);
  });

  it('waits behind what is more urgent or older', async () => {
    const older = await worker.submit({ template_id: lone });
    const urgent = await worker.submit({ template_id: lone, priority: 9 });
    const task = newTask({ template_id: lone });
    const { claims } = await worker.submitAndClaim([task], { slots: 2 });
    expect(claims.steps.map(({ taskUuid }) => taskUuid).toSorted()).toEqual([older, urgent].toSorted());
    expect(claims.more).toBe(true);
    expect((await worker.claim()).steps).toMatchObject([{ taskUuid: task.task_uuid }]);
  });

  it('is there once, and its step claimed once, when the answer was lost and the call is repeated', async () => {
    const task = newTask({ template_id: lone });
    const wish = { tokens: tokens(2) };
    const original = await worker.submitAndClaim([task], wish);
    await worker.submit({ template_id: lone });
    const repeat = await again.submitAndClaim([task], { ...wish, repeated: true });
    expect(repeat.tasks).toEqual(original.tasks);
    expect(repeat.claims.steps).toEqual(original.claims.steps);
    expect(await core.rows('SELECT attempts, lost_count FROM tasker.steps WHERE state = 2')).toEqual([
      { attempts: 1, lost_count: 0 },
    ]);
  });

  it('leaves nothing claimed where it is refused', async () => {
    const waiting = await worker.submit({ template_id: lone });
    const refused = worker.submitAndClaim([newTask({ template_id: 999_999 })]);
    await expect(refused).rejects.toMatchObject({ code: '22023' });
    expect((await worker.claim()).steps).toMatchObject([{ taskUuid: waiting, attempt: 1 }]);
  });

  it('is only accepted where the schema is newer than the worker', async () => {
    const { tasks, claims } = await worker.submitAndClaim([newTask({ template_id: lone })], {
      schemaVersion: 0,
    });
    expect(tasks).toMatchObject([{ outcome: 'created' }]);
    expect(claims.steps).toEqual([]);
  });
});
