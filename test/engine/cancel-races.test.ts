import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { newTask } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { fan, LONE_STEP } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

const ROUNDS = 200;

let core: CoreDatabase;
let worker: CoreConnection;
let operator: CoreConnection;
let lone: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  [worker, operator] = [await core.connection(), await core.connection()];
  lone = await core.template(LONE_STEP);
});

afterEach(() => expectConsistent(core));

afterAll(() => core.drop());

async function running(count: number): Promise<readonly ClaimedStep[]> {
  await worker.submitAll(Array.from({ length: count }, () => newTask({ template_id: lone })));
  return (await worker.claim({ slots: count })).steps;
}

async function endOf(taskUuid: string): Promise<{ status: string; ends: (number | null)[] }> {
  const { status } = await core.task(taskUuid);
  const events = await core.events(taskUuid);
  return { status, ends: events.filter(({ kind }) => kind === 9).map((event) => event.task_status) };
}

describe('A task that is cancelled', () => {
  it('in the instant in which its last step completes ends once, and that end stays', async () => {
    const seen = new Set<string>();
    for (const [round, step] of (await running(ROUNDS)).entries()) {
      const complete = (): Promise<unknown> => worker.complete([succeeded(step)]);
      const cancel = (): Promise<string> => operator.cancel(step.taskUuid);
      const race = round % 2 === 0 ? [complete(), cancel()] : [cancel(), complete()];
      await Promise.all(race);
      const end = await endOf(step.taskUuid);
      seen.add(end.status);
      expect([
        { status: 'complete', ends: [2] },
        { status: 'cancelled', ends: [4] },
      ]).toContainEqual(end);

      await worker.complete([succeeded(step)]);
      await operator.cancel(step.taskUuid);
      expect(await endOf(step.taskUuid)).toEqual(end);
    }
    expect(seen.size).toBeGreaterThan(0);
  });

  it('while its completion is not committed yet waits for it, and finds the task ended', async () => {
    const [step] = await running(1);
    if (step === undefined) throw new Error('expected a step');
    const completion = await worker.within(() => worker.complete([succeeded(step)]));
    const cancelling = operator.cancel(step.taskUuid);
    await completion.end('COMMIT');
    expect(await cancelling).toBe('ended');
    expect(await endOf(step.taskUuid)).toEqual({ status: 'complete', ends: [2] });
  });

  it('in the instant in which its last step fails is cancelled, never blocked or active', async () => {
    for (const step of await running(ROUNDS / 2)) {
      await Promise.all([worker.complete([failedForGood(step)]), operator.cancel(step.taskUuid)]);
      expect(await core.task(step.taskUuid)).toMatchObject({ status: 'cancelled' });
    }
  });

  it('while its steps are claimed, retried, taken back, or handed over leaves none of them to run', async () => {
    const template = await core.template(fan(8));
    for (let round = 0; round < 40; round += 1) {
      const task = await worker.submit({ template_id: template });
      const root = await worker.claim({ templates: [template] });
      const reports = root.steps.map((step) => (round % 4 === 0 ? failed(step) : succeeded(step)));
      await Promise.all([
        worker.complete(reports, { slots: 4, templates: [template] }),
        operator.cancel(task),
      ]);
      await Promise.all([worker.claim({ slots: 8, templates: [template] }), operator.cancel(task)]);
      expect(await core.task(task)).toMatchObject({
        status: 'cancelled',
        ready_steps: 0,
        in_progress_steps: 0,
      });
      expect((await worker.claim({ slots: 10, templates: [template] })).steps).toEqual([]);
    }
  });

  it('tells whoever runs its steps at the next extension of their leases', async () => {
    const steps = await running(3);
    const [cancelled] = steps;
    if (cancelled === undefined) throw new Error('expected a step');
    await operator.cancel(cancelled.taskUuid);
    expect(await worker.extend(steps)).toEqual([cancelled.token]);
    await worker.complete(steps.slice(1).map((step) => succeeded(step)));
  });

  it('keeps what had completed, and ends every step that had not', async () => {
    const task = await worker.submit({ template_id: await core.template(fan(2)) });
    const root = await worker.claim();
    await worker.complete(root.steps.map((step) => succeeded(step, 'kept')));
    await operator.cancel(task);
    const steps = await core.steps(task);
    expect(steps.map(({ state, result }) => [state, result])).toEqual([
      ['complete', 'kept'],
      ['cancelled', null],
      ['cancelled', null],
      ['cancelled', null],
    ]);
    expect((await core.task(task)).completed_at).not.toBeNull();
  });
});
