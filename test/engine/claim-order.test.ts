import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep, NewTask } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { newTask, tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, fan, LONE_STEP } from './graphs.js';
import { Random } from '../support/random.js';
import { failed, succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
let other: CoreConnection;
let templates: number[];

beforeAll(async () => {
  core = await CoreDatabase.create();
  [worker, other] = [await core.connection(), await core.connection()];
  templates = [];
  for (let count = 0; count < 5; count += 1) templates.push(await core.template(LONE_STEP));
  await core.clock.freeze(new Date('2031-05-05T12:00:00.000Z'));
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

function tasksOf(steps: readonly ClaimedStep[]): string[] {
  return steps.map((step) => step.taskUuid);
}

function batch(template_id: number, priority: number): NewTask[] {
  return Array.from({ length: 10 }, () => newTask({ template_id, priority }));
}

describe('Ready steps are claimed', () => {
  it('by priority, then by the time they became ready, then by uuid, whatever template they are of', async () => {
    const random = new Random(7);
    const tasks = [];
    for (let instant = 0; instant < 10; instant += 1) {
      const together = Array.from({ length: 20 }, () =>
        newTask({ template_id: templates[random.below(5)] ?? 0, priority: random.below(7) * 33 - 100 }),
      );
      await worker.submitAll(together);
      tasks.push(...together.map(({ task_uuid, priority = 0 }) => ({ task_uuid, priority, instant })));
      await core.clock.advance(1);
    }
    const expected = tasks
      .toSorted(
        (a, b) => b.priority - a.priority || a.instant - b.instant || (a.task_uuid < b.task_uuid ? -1 : 1),
      )
      .map((task) => task.task_uuid);
    for (const slots of [1, 7, 30, 50, 100, 12]) {
      const { steps, more } = await worker.claim({ slots });
      expect(tasksOf(steps).toSorted()).toEqual(expected.splice(0, slots).toSorted());
      expect(more).toBe(true);
    }
    expect(await worker.claim({ slots: 3 })).toMatchObject({ steps: [], more: false });
  });

  it('at most as many as there are tokens, each under its own', async () => {
    await worker.submitAll(
      Array.from({ length: 30 }, (_, n) => newTask({ template_id: templates[n % 5] ?? 0 })),
    );
    const wish = { tokens: tokens(11) };
    const { steps } = await worker.claim(wish);
    expect(steps.map((step) => step.token).toSorted()).toEqual(wish.tokens.toSorted());
    expect(await worker.claim({ slots: 0 })).toMatchObject({ steps: [], more: false });
  });

  it('only of the templates that the worker serves', async () => {
    const [one = 0, two = 0] = templates;
    const ours = await worker.submit({ template_id: one, priority: -100 });
    await worker.submit({ template_id: two, priority: 100 });
    expect(tasksOf((await worker.claim({ slots: 5, templates: [one] })).steps)).toEqual([ours]);
    expect((await worker.claim({ slots: 5, templates: [] })).steps).toEqual([]);
  });

  it('of another template, where someone else is just taking all of the best one', async () => {
    const [one = 0, two = 0] = templates;
    await worker.submitAll([...batch(one, 5), ...batch(two, 0)]);
    const theirs = await other.within(() => other.claim({ slots: 10 }));
    const mine = await worker.claim({ slots: 4 });
    await theirs.end('ROLLBACK');
    expect(theirs.answer.steps.map((step) => step.templateId)).toEqual(Array.from({ length: 10 }, () => one));
    expect(mine.steps.map((step) => step.templateId)).toEqual([two, two, two, two]);
    expect((await worker.claim({ slots: 10 })).steps.map((step) => step.templateId)).toEqual(
      Array.from({ length: 10 }, () => one),
    );
  });

  it('by four claimers at once each exactly once, and none is left', async () => {
    const crew = await core.connections(4);
    const tasks = Array.from({ length: 2_000 }, (_, n) =>
      newTask({ template_id: templates[n % 5] ?? 0, priority: n % 3 }),
    );
    await worker.submitAll(tasks);
    const taken = await Promise.all(
      crew.map(async (member, n) => {
        const mine: string[] = [];
        for (;;) {
          const { steps } = await member.claim({ slots: 13 + 10 * n });
          if (steps.length === 0) return mine;
          mine.push(...tasksOf(steps));
        }
      }),
    );
    expect(taken.flat().toSorted()).toEqual(tasks.map((task) => task.task_uuid).toSorted());
  });
});

describe('A dependant is handed to whoever completed its parents', () => {
  let pair: number;

  beforeAll(async () => {
    pair = await core.template(chain(2));
  });

  async function claimPair(priority: number): Promise<ClaimedStep> {
    const task = await worker.submit({ template_id: pair, priority });
    const { steps } = await worker.claim({ slots: 100, templates: [pair] });
    const step = steps.find((candidate) => candidate.taskUuid === task);
    if (step === undefined) throw new Error('expected the first step');
    return step;
  }

  it('before older ready steps of the same priority', async () => {
    const first = await claimPair(0);
    const [one = 0] = templates;
    const older = await worker.submit({ template_id: one });
    const next = await worker.complete([succeeded(first)], { slots: 1 });
    expect(next).toMatchObject({ steps: [{ taskUuid: first.taskUuid, stepIndex: 1 }], released: 0 });
    const rest = await worker.complete(
      next.steps.map((step) => succeeded(step)),
      { slots: 2 },
    );
    expect(tasksOf(rest.steps)).toEqual([older]);
  });

  it('but not while a step of higher priority is ready that the worker could run', async () => {
    const [one = 0, two = 0] = templates;
    const first = await claimPair(0);
    const urgent = await worker.submit({ template_id: one, priority: 1 });
    const answer = await worker.complete([succeeded(first)], { slots: 1 });
    expect(answer).toMatchObject({ steps: [{ taskUuid: urgent }], released: 1 });

    const second = await claimPair(0);
    await worker.submit({ template_id: two, priority: 1 });
    const served = await worker.complete([succeeded(second)], { slots: 1, templates: [pair, one] });
    expect(served).toMatchObject({ steps: [{ taskUuid: second.taskUuid, stepIndex: 1 }] });
  });

  it('but not where a retry of higher priority has come due', async () => {
    const [one = 0] = templates;
    const first = await claimPair(0);
    const urgent = await worker.submit({ template_id: one, priority: 1 });
    const claimed = await worker.claim({ templates: [one] });
    await worker.complete(claimed.steps.map((step) => failed(step, { backoff: 'linear', base_ms: 1_000 })));
    await core.clock.advance(1_000);
    const answer = await worker.complete([succeeded(first)], { slots: 1 });
    expect(tasksOf(answer.steps)).toEqual([urgent]);
  });

  it('only as far as there are tokens; the rest is ready for everyone', async () => {
    const wide = await core.template(fan(10));
    await worker.submit({ template_id: wide });
    const root = await worker.claim({ templates: [wide] });
    const wish = { tokens: tokens(4) };
    const answer = await worker.complete(
      root.steps.map((step) => succeeded(step)),
      wish,
    );
    expect(answer.steps.map((step) => step.token).toSorted()).toEqual(wish.tokens.toSorted());
    expect(answer).toMatchObject({ released: 6, more: true });
    expect((await other.claim({ slots: 10 })).steps).toHaveLength(6);
  });

  it('only of templates that it serves', async () => {
    const first = await claimPair(0);
    const answer = await worker.complete([succeeded(first)], { slots: 3, templates: templates.slice(0, 1) });
    expect(answer).toMatchObject({ steps: [], released: 1 });
    expect(tasksOf((await other.claim()).steps)).toEqual([first.taskUuid]);
  });
});
