import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { newTask, tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { DIAMOND, fan, LONE_STEP } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
/** The same worker, on another connection: the first one broke before its answer came. */
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

async function submitMany(count: number, template = lone): Promise<void> {
  await worker.submitAll(Array.from({ length: count }, () => newTask({ template_id: template })));
}

function byPlace(steps: readonly ClaimedStep[]): ClaimedStep[] {
  return steps.toSorted((a, b) => `${a.taskUuid}${a.stepIndex}`.localeCompare(`${b.taskUuid}${b.stepIndex}`));
}

async function runningSteps(): Promise<number> {
  const [row] = await core.rows<{ count: number }>(
    'SELECT count(*)::integer FROM tasker.steps WHERE state = 2',
  );
  return row?.count ?? -1;
}

/** Resolves when the call of the other connection waits for a lock. */
async function untilSomeoneWaits(): Promise<void> {
  for (let looks = 0; looks < 10_000; looks += 1) {
    const waiting = await core.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (waiting.length > 0) return;
  }
  throw new Error('expected the repeated call to wait for its original');
}

describe('A submit that claims, whose answer was lost', () => {
  it('is waited for by a claim with its tokens, which gives what it took', async () => {
    const wish = { tokens: tokens(2) };
    const task = newTask({ template_id: lone });
    const original = await worker.within(() => worker.submitAndClaim([task], wish));
    const repeat = again.claim({ ...wish, repeated: true });
    await untilSomeoneWaits();
    await original.end('COMMIT');
    const { steps } = await repeat;
    expect(steps).toEqual(original.answer.claims.steps);
    expect(steps).toMatchObject([{ taskUuid: task.task_uuid }]);
    await again.complete(steps.map((step) => succeeded(step)));
  });
});

describe('A claim whose answer was lost', () => {
  it('gives the same steps when it is repeated, and takes no others', async () => {
    await submitMany(10);
    const wish = { tokens: tokens(4) };
    const original = await worker.claim(wish);
    const repeat = await again.claim({ ...wish, repeated: true });
    expect(byPlace(repeat.steps)).toEqual(byPlace(original.steps));
    expect(await runningSteps()).toBe(4);
    await again.complete(repeat.steps.map((step) => succeeded(step)));
  });

  it('waits for an original that is still under way, and gives what that took', async () => {
    await submitMany(10);
    const wish = { tokens: tokens(4) };
    const original = await worker.within(() => worker.claim(wish));
    const repeat = again.claim({ ...wish, repeated: true });
    await untilSomeoneWaits();
    await original.end('COMMIT');
    expect(byPlace((await repeat).steps)).toEqual(byPlace(original.answer.steps));
    expect(await runningSteps()).toBe(4);
  });

  it('is made up for when the original never took effect', async () => {
    await submitMany(10);
    const wish = { tokens: tokens(4) };
    const original = await worker.within(() => worker.claim(wish));
    const repeat = again.claim({ ...wish, repeated: true });
    await untilSomeoneWaits();
    await original.end('ROLLBACK');
    expect((await repeat).steps.map((step) => step.token).toSorted()).toEqual(wish.tokens.toSorted());
    expect(await runningSteps()).toBe(4);
  });

  it('gives the step that is to run alone once more, and not a second one', async () => {
    await submitMany(2);
    for (let loss = 0; loss < 2; loss += 1) {
      await worker.claim({ slots: 2 });
      await core.clock.advance(60_000);
      await worker.reclaim();
    }
    const [token = ''] = tokens(1);
    const original = await worker.claimAlone(token);
    expect(original.steps).toHaveLength(1);
    const repeat = await again.claimAlone(token);
    expect(repeat.steps).toEqual(original.steps);
    expect(await runningSteps()).toBe(1);

    const [next = ''] = tokens(1);
    const underWay = await worker.within(() => worker.claimAlone(next));
    const concurrent = again.claimAlone(next);
    await untilSomeoneWaits();
    await underWay.end('COMMIT');
    expect((await concurrent).steps).toEqual(underWay.answer.steps);
    expect(await runningSteps()).toBe(2);
  });
});

describe('A completion whose answer was lost', () => {
  it('is recognised when it is repeated: nothing is recorded twice, the steps handed over come again', async () => {
    await submitMany(2, diamond);
    await submitMany(3);
    const roots = await worker.claim({ slots: 2 });
    const reports = roots.steps.map((step) => succeeded(step, 'root'));
    const next = { tokens: tokens(6) };
    const original = await worker.complete(reports, next);
    expect(original.steps).toHaveLength(6);
    const repeat = await again.complete(reports, { ...next, repeated: true });
    expect(repeat.unrecorded.map(({ reason }) => reason)).toEqual(['repeated', 'repeated']);
    expect(repeat).toMatchObject({ settledTasks: [], released: 0 });
    expect(byPlace(repeat.steps)).toEqual(byPlace(original.steps));
    expect(await runningSteps()).toBe(6);
  });

  it.each(['COMMIT', 'ROLLBACK'] as const)(
    'waits for an original under way that ends with %s',
    async (how) => {
      await submitMany(1, diamond);
      const { steps } = await worker.claim();
      const reports = steps.map((step) => succeeded(step, 'root'));
      const next = { tokens: tokens(2) };
      const original = await worker.within(() => worker.complete(reports, next));
      const repeat = again.complete(reports, { ...next, repeated: true });
      await untilSomeoneWaits();
      await original.end(how);
      const answer = await repeat;
      expect(answer.unrecorded.map(({ reason }) => reason)).toEqual(how === 'COMMIT' ? ['repeated'] : []);
      expect(answer.steps.map((step) => step.name).toSorted()).toEqual(['left', 'right']);
      expect(answer.steps.map((step) => step.input.results)).toEqual([{ start: 'root' }, { start: 'root' }]);
      expect(await runningSteps()).toBe(2);
    },
  );

  it('without slots for more waits for its original too', async () => {
    await submitMany(1);
    const { steps } = await worker.claim();
    const reports = steps.map((step) => succeeded(step));
    const original = await worker.within(() => worker.complete(reports));
    const repeat = again.complete(reports, { slots: 0, repeated: true });
    await untilSomeoneWaits();
    await original.end('COMMIT');
    expect((await repeat).unrecorded).toMatchObject([{ reason: 'repeated' }]);
  });

  it('of failures is recognised, be they for good or retried later', async () => {
    await submitMany(2);
    const { steps } = await worker.claim({ slots: 2 });
    const reports = steps.map((step, n) =>
      n === 0 ? failedForGood(step) : failed(step, { backoff: 'linear', base_ms: 1_000 }),
    );
    expect((await worker.complete(reports)).unrecorded).toEqual([]);
    const repeat = await again.complete(reports, { slots: 0, repeated: true });
    expect(repeat.unrecorded.map(({ reason }) => reason)).toEqual(['repeated', 'repeated']);
  });

  it('that settled a task does not settle it again', async () => {
    await submitMany(1);
    const { steps } = await worker.claim();
    const reports = steps.map((step) => succeeded(step));
    expect((await worker.complete(reports)).settledTasks).toHaveLength(1);
    expect((await again.complete(reports, { slots: 0, repeated: true })).settledTasks).toEqual([]);
  });
});

describe('Other calls whose answer was lost', () => {
  it('submit: the same tasks are there once, also when both calls run at once', async () => {
    const tasks = Array.from({ length: 50 }, () => newTask({ template_id: diamond }));
    const original = await worker.within(() => worker.submitAll(tasks));
    const repeat = again.submitAll(tasks);
    await untilSomeoneWaits();
    await original.end('COMMIT');
    expect(await repeat).toEqual(original.answer);
    expect(await again.submitAll(tasks)).toEqual(original.answer);
    const [count] = await core.rows<{ steps: number }>(
      'SELECT count(*)::integer AS steps FROM tasker.steps WHERE task_uuid = ANY ($1)',
      [tasks.map((task) => task.task_uuid)],
    );
    expect(count?.steps).toBe(200);
  });

  it('extend: moves the lease once more, to the same end', async () => {
    await submitMany(3);
    const { steps } = await worker.claim({ slots: 3 });
    expect(await worker.extend(steps)).toEqual([]);
    expect(await again.extend(steps)).toEqual([]);
  });

  it('release: hands nothing back twice, not even what someone else runs by now', async () => {
    await submitMany(3);
    const { steps } = await worker.claim({ slots: 3 });
    const original = await worker.within(() => worker.release(steps));
    const repeat = again.release(steps);
    await untilSomeoneWaits();
    await original.end('COMMIT');
    expect([original.answer, await repeat]).toEqual([3, 0]);
    const other = await core.connection();
    const taken = await other.claim({ slots: 3 });
    expect(await again.release(steps)).toBe(0);
    expect((await other.complete(taken.steps.map((step) => succeeded(step)))).settledTasks).toHaveLength(3);
  });

  it('a fan’s completion is repeated at the same instant from four connections', async () => {
    await submitMany(1, await core.template(fan(20)));
    const { steps } = await worker.claim();
    const reports = steps.map((step) => succeeded(step));
    const next = { tokens: tokens(30) };
    const copies = await Promise.all(Array.from({ length: 4 }, () => core.connection(worker.workerId)));
    const answers = await Promise.all(
      copies.map((copy) => copy.complete(reports, { ...next, repeated: true })),
    );
    expect(answers.map((answer) => answer.steps.length)).toEqual([20, 20, 20, 20]);
    expect(answers.flatMap((answer) => answer.unrecorded)).toHaveLength(3);
    expect(await runningSteps()).toBe(20);
  });
});
