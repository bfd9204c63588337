import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { newTask, tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, DIAMOND, fan } from './graphs.js';
import { Random } from '../support/random.js';
import { succeeded } from './reports.js';

const ROUNDS = 300;

let core: CoreDatabase;
let workers: readonly CoreConnection[];
let first: CoreConnection;
let second: CoreConnection;

beforeAll(async () => {
  core = await CoreDatabase.create();
  workers = await core.connections(4);
  const [one, two] = workers;
  if (one === undefined || two === undefined) throw new Error('expected two connections');
  [first, second] = [one, two];
});

afterEach(() => expectConsistent(core));

afterAll(() => core.drop());

/** Submits tasks and completes their first steps; answers with the claimed steps that come next, in submit order. */
async function started(template: number, tasks: number, width: number): Promise<readonly ClaimedStep[][]> {
  const rows = await first.submitAll(Array.from({ length: tasks }, () => newTask({ template_id: template })));
  const roots = await first.claim({ slots: tasks });
  const { steps } = await first.complete(
    roots.steps.map((step) => succeeded(step, 'start')),
    { slots: tasks * width },
  );
  return rows.map(({ task_uuid }) => steps.filter((step) => step.taskUuid === task_uuid));
}

describe('The join of a diamond', () => {
  it('starts once when both of its parents complete at the same instant on two connections', async () => {
    const diamonds = await started(await core.template(DIAMOND), ROUNDS, 2);
    for (const [left, right] of diamonds) {
      if (left === undefined || right === undefined) throw new Error('expected both branches');
      const answers = await Promise.all([
        first.complete([succeeded(left, left.name)], { slots: 1 }),
        second.complete([succeeded(right, right.name)], { slots: 1 }),
      ]);
      const joins = answers.flatMap(({ steps }) => steps);
      expect(joins).toMatchObject([
        {
          taskUuid: left.taskUuid,
          name: 'join',
          attempt: 1,
          input: { results: { left: 'left', right: 'right' } },
        },
      ]);
      const ended = await first.complete(joins.map((step) => succeeded(step)));
      expect(ended.settledTasks).toEqual([left.taskUuid]);
    }
  });

  it('starts once when neither side takes it, and both batches hold the tasks in opposite order', async () => {
    const template = await core.template(DIAMOND);
    for (let round = 0; round < 20; round += 1) {
      const diamonds = await started(template, 10, 2);
      const lefts = diamonds.flatMap(([left]) => left ?? []);
      const rights = diamonds.flatMap(([, right]) => right ?? []);
      const answers = await Promise.all([
        first.complete(lefts.map((step) => succeeded(step))),
        second.complete(rights.toReversed().map((step) => succeeded(step))),
      ]);
      expect(answers.reduce((sum, { released }) => sum + released, 0)).toBe(10);
      const { steps } = await first.claim({ slots: 50 });
      expect(steps.map((step) => step.name)).toEqual(Array.from({ length: 10 }, () => 'join'));
      await first.complete(steps.map((step) => succeeded(step)));
    }
  });

  it('gets both results, also when the first parent’s commit comes between', async () => {
    const [diamond] = await started(await core.template(DIAMOND), 1, 2);
    const [left, right] = diamond ?? [];
    if (left === undefined || right === undefined) throw new Error('expected both branches');
    const earlier = await first.within(() => first.complete([succeeded(left, { from: 'left' })]));
    const later = second.complete([succeeded(right, ['right'])], { slots: 1 });
    await earlier.end('COMMIT');
    expect((await later).steps).toMatchObject([
      { input: { results: { left: { from: 'left' }, right: ['right'] } } },
    ]);
    await second.complete((await later).steps.map((step) => succeeded(step)));
  });
});

describe('A batch in which not every dependant becomes ready', () => {
  it('gives each token to one step: to those that do, and to others that are ready', async () => {
    const template = await core.template(DIAMOND);
    const diamonds = await started(template, 6, 2);
    // Of every other diamond both branches, of the rest one.
    const batch = diamonds.flatMap((branches, place) => (place % 2 === 0 ? branches.slice(0, 1) : branches));
    const others = await first.submitAll(Array.from({ length: 9 }, () => newTask({ template_id: template })));
    const claimTokens = tokens(8);
    const answer = await first.complete(
      batch.map((step) => succeeded(step, step.name)),
      { tokens: claimTokens },
    );
    const taken = answer.steps.map(({ name }) => name).toSorted();
    expect(taken).toEqual(['join', 'join', 'join', 'start', 'start', 'start', 'start', 'start']);
    expect(answer.steps.map(({ token }) => token).toSorted()).toEqual(claimTokens.toSorted());
    const rest = diamonds.flatMap((branches, place) => (place % 2 === 0 ? branches.slice(1) : []));
    await first.complete([...answer.steps, ...rest].map((step) => succeeded(step, step.name)));
    for (const { task_uuid } of others) await first.cancel(task_uuid);
    for (;;) {
      const { steps } = await first.claim({ slots: 100 });
      if (steps.length === 0) break;
      await first.complete(steps.map((step) => succeeded(step)));
    }
  });
});

describe('A thousand branches', () => {
  it('fan out and in again, completed in random batches from four connections, without a deadlock', async () => {
    const random = new Random(20_311);
    const [branches = []] = await started(await core.template(fan(1_000)), 1, 1_000);
    expect(branches).toHaveLength(1_000);
    const queue = random.shuffled(branches);
    const joins: ClaimedStep[] = [];
    await Promise.all(
      workers.map(async (worker) => {
        while (queue.length > 0) {
          const batch = queue.splice(0, 1 + random.below(40));
          const answer = await worker.complete(
            batch.map((step) => succeeded(step, step.name)),
            { slots: 1 },
          );
          joins.push(...answer.steps);
        }
      }),
    );
    expect(joins.map((step) => step.name)).toEqual(['join']);
    expect(Object.keys(joins[0]?.input.results ?? {})).toHaveLength(1_000);
    const ended = await first.complete(joins.map((step) => succeeded(step)));
    expect(ended.settledTasks).toHaveLength(1);
  });

  it('of many tasks end in batches that each hold steps of every task, in every order, without a deadlock', async () => {
    const random = new Random(20_312);
    const branches = (await started(await core.template(fan(50)), 20, 50)).flat();
    const queue = random.shuffled(branches);
    await Promise.all(
      workers.map(async (worker) => {
        while (queue.length > 0) await worker.complete(queue.splice(0, 50).map((step) => succeeded(step)));
      }),
    );
    const { steps } = await first.claim({ slots: 100 });
    expect(steps.map((step) => step.name)).toEqual(Array.from({ length: 20 }, () => 'join'));
    const ended = await first.complete(steps.map((step) => succeeded(step)));
    expect(ended.settledTasks).toHaveLength(20);
  });
});

describe('A chain', () => {
  it('of 500 steps is handed over from step to step, each with its parent’s result alone', async () => {
    const task = await first.submit({ template_id: await core.template(chain(500)) });
    let { steps } = await first.claim();
    for (let place = 0; place < 500; place += 1) {
      const [step] = steps;
      if (step === undefined) throw new Error(`expected step ${place + 1}`);
      expect([step.stepIndex, step.input.results]).toEqual([
        place,
        place === 0 ? {} : { [`step_${place}`]: place },
      ]);
      ({ steps } = await first.complete([succeeded(step, place + 1)], { slots: 1 }));
    }
    expect(await core.task(task)).toMatchObject({ status: 'complete', completed_steps: 500 });
  });
});
