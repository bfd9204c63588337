import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { DatabaseSettings, WorkerSettings } from '../../src/config/index.js';
import { Database } from '../../src/database/index.js';
import { Engine, templateGraph } from '../../src/engine/index.js';
import type { AttemptKey, Claimant, ClaimedStep, StepReport } from '../../src/engine/index.js';
import { parseTemplate } from '../../src/templates/index.js';
import type { TaskTemplate } from '../../src/templates/index.js';
import { expectConsistent } from './consistency.js';
import { newTask, tokens } from './core-connection.js';
import { CoreDatabase } from './core-database.js';

/** The steps are out of order on purpose: their places are those of a topological order. */
const DIAMOND_FILE = `
namespace_name: tests
name: diamond
version: 1.0.0
identity_strategy: always_unique
steps:
  - { name: join, dependencies: [left, right], handler: { callable: h } }
  - { name: right, dependencies: [start], handler: { callable: h } }
  - { name: start, handler: { callable: h } }
  - { name: left, dependencies: [start], handler: { callable: h } }
`;

let core: CoreDatabase;
let database: Database;
let engine: Engine;
let claimant: Claimant;
let template: number;

beforeAll(async () => {
  Logger.overrideLogger(false);
  core = await CoreDatabase.create();
  const settings = Object.assign(new DatabaseSettings(), { databaseUrl: core.url, poolSize: 5 });
  database = new Database(settings, new WorkerSettings());
  await database.open();
  engine = new Engine(database);
  const registered = await engine.registerTemplate(parseTemplate(DIAMOND_FILE, 'diamond.yaml'));
  template = 'templateId' in registered ? registered.templateId : 0;
  const workerId = await engine.registerWorker('a worker', 'a host');
  claimant = { workerId, templateIds: [template], leaseSeconds: 30 };
});

afterAll(async () => {
  await expectConsistent(core);
  await database.close();
  await core.drop();
});

async function submitOne(): Promise<string> {
  const [answer] = await engine.submit([
    JSON.stringify(newTask({ template_id: template, context: { n: 1 } })),
  ]);
  return answer?.taskUuid ?? '';
}

/** By its place in the graph of `DIAMOND_FILE`. */
function nameOf({ stepIndex }: AttemptKey): string {
  return templateGraph(content('1.0.0', 'h'))[stepIndex]?.name ?? '';
}

function success({ taskUuid, stepIndex, token }: AttemptKey, result: unknown): StepReport {
  const key = { taskUuid, stepIndex, token };
  return {
    ...key,
    outcome: 'succeeded',
    resultJson: JSON.stringify(result),
    metadataJson: '{"custom":true}',
  };
}

function failure({ taskUuid, stepIndex, token }: ClaimedStep): StepReport {
  const retry = {
    retryable: false,
    maxAttempts: 3,
    backoff: 'none' as const,
    backoffBaseMs: 0,
    maxBackoffMs: 0,
    jitter: false,
    retryAfterMs: null,
  };
  const detail = {
    message: 'no',
    error_code: 'NO',
    error_type: 'Error',
    retryable: false,
    status_code: null,
    context: {},
    backtrace: [],
  };
  return { taskUuid, stepIndex, token, outcome: 'failed', failure: detail, retry };
}

describe('The engine', () => {
  it('runs a task from its submit to its end, each step after those it waits for', async () => {
    const task = await submitOne();
    const { steps } = await engine.claim(claimant, tokens(5), false);
    expect(steps).toMatchObject([
      { taskUuid: task, name: 'start', input: { context: { n: 1 }, results: {} }, leaseSeconds: 30 },
    ]);
    const order: string[] = [];
    const settled: string[] = [];
    let claimed: readonly AttemptKey[] = steps;
    while (claimed.length > 0) {
      order.push(...claimed.map(nameOf).toSorted());
      const reports = claimed.map((step) => success(step, nameOf(step)));
      const answer = await engine.complete(claimant, reports, { tokens: tokens(5) }, false);
      expect(answer.steps).toEqual([]);
      settled.push(...answer.settledTasks);
      claimed = answer.handed;
    }
    expect(order).toEqual(['start', 'left', 'right', 'join']);
    expect(settled).toEqual([task]);
    expect(await core.step(task, 'join')).toMatchObject({ result: 'join', event_metadata: { custom: true } });
  });

  it('looks for other work only where there may be any', async () => {
    const [first, second] = [await submitOne(), await submitOne()];
    const { steps } = await engine.claim(claimant, tokens(1), false);
    expect(steps).toMatchObject([{ taskUuid: first }]);
    const branches = await engine.complete(
      claimant,
      steps.map((step) => success(step, 's')),
      { tokens: tokens(5), seek: false },
      false,
    );
    expect(branches).toMatchObject({ steps: [], more: null, handed: { length: 2 } });
    const [left, right] = branches.handed.map((step) => success(step, 'b'));
    if (left === undefined || right === undefined) throw new Error('expected two branches');
    const found = await engine.complete(claimant, [left], { tokens: tokens(5) }, false);
    expect(found).toMatchObject({ steps: [{ taskUuid: second }], more: false });
    await engine.complete(claimant, [right], { tokens: [] }, false);
    for (const task of [first, second]) await engine.cancel(task, 'why', 'who');
  });

  it('answers an awaited task as it stands once it settles, and no sooner', async () => {
    const awaited = await submitOne();
    const other = await submitOne();
    const snapshots: (readonly [string, unknown])[] = [];
    let claimed: readonly AttemptKey[] = (await engine.claim(claimant, tokens(5), false)).steps;
    while (claimed.length > 0) {
      const reports = claimed.map((step) => success(step, nameOf(step)));
      const answer = await engine.complete(
        claimant,
        reports,
        { tokens: tokens(5), awaited: [awaited] },
        false,
      );
      for (const [taskUuid, json] of answer.snapshots) snapshots.push([taskUuid, JSON.parse(json)]);
      claimed = answer.handed;
    }
    const [row] = await core.rows<{ task: unknown }>('SELECT tasker.read_task($1) AS task', [awaited]);
    expect(snapshots).toEqual([[awaited, row?.task]]);
    expect(row?.task).toMatchObject({ status: 'complete', completed_steps: 4, steps: { length: 4 } });
    expect(await core.task(other)).toMatchObject({ status: 'complete' });
  });

  it('hands over a step with all it is given where a parent was recorded by another call', async () => {
    const task = await submitOne();
    const { steps } = await engine.claim(claimant, tokens(1), false);
    const branches = await engine.complete(
      claimant,
      steps.map((step) => success(step, 's')),
      { tokens: tokens(2) },
      false,
    );
    expect(branches.handed.map(nameOf).toSorted()).toEqual(['left', 'right']);
    const [left, right] = branches.handed.toSorted((one, other) => one.stepIndex - other.stepIndex);
    if (left === undefined || right === undefined) throw new Error('expected two branches');
    expect(await engine.complete(claimant, [success(left, 'l')], { tokens: tokens(1) }, false)).toMatchObject(
      {
        steps: [],
        handed: [],
      },
    );
    const joined = await engine.complete(claimant, [success(right, { r: 1 })], { tokens: tokens(1) }, false);
    expect(joined.handed).toEqual([]);
    expect(joined.steps).toMatchObject([
      {
        name: 'join',
        input: { context: { n: 1 }, results: { [nameOf(left)]: 'l', [nameOf(right)]: { r: 1 } } },
      },
    ]);
    await engine.complete(
      claimant,
      joined.steps.map((step) => success(step, 1)),
      { tokens: [] },
      false,
    );
    expect(await core.step(task, 'join')).toMatchObject({ state: 'complete' });
  });

  it('gives what it handed over in full when the answer was lost', async () => {
    const task = await submitOne();
    const { steps } = await engine.claim(claimant, tokens(1), false);
    const reports = steps.map((step) => success(step, 's'));
    const branchTokens = tokens(2);
    const lost = await engine.complete(claimant, reports, { tokens: branchTokens }, false);
    const again = await engine.complete(claimant, reports, { tokens: branchTokens }, true);
    expect(again.handed).toEqual([]);
    expect(again.steps.map(({ token }) => token).toSorted()).toEqual(
      lost.handed.map(({ token }) => token).toSorted(),
    );
    expect(again.steps[0]?.input).toMatchObject({ context: { n: 1 }, results: { start: 's' } });
    await engine.cancel(task, 'why', 'who');
  });

  it('does by hand what a person asks for, and says where it can not', async () => {
    const task = await submitOne();
    const { steps } = await engine.claim(claimant, tokens(1), false);
    await engine.complete(claimant, steps.map(failure), { tokens: [] }, false);
    expect(await engine.resetStep(task, 3, 'why', 'who')).toBe('invalid_state');
    expect(await engine.resetStep(task, 4, 'why', 'who')).toBe('not_found');
    expect(await engine.resetStep(task, 0, 'why', 'who')).toBe('done');
    expect(await engine.resolveStep(task, 0, 'why', 'who')).toBe('done');
    expect(await engine.completeStep(task, 1, { by: 'hand' }, { m: 1 }, 'why', 'who')).toBe('done');
    expect((await core.steps(task))[1]).toMatchObject({ state: 'complete', result: { by: 'hand' } });
    expect(await engine.cancel(task, 'why', 'who')).toBe('cancelled');
    expect(await engine.cancel(task, 'why', 'who')).toBe('ended');
    expect(await engine.cancel(randomUUID(), 'why', 'who')).toBe('not_found');
  });

  it('extends, hands back and takes back attempts', async () => {
    const task = await submitOne();
    const client = await core.connectDirect();
    const { steps } = await engine.claim(claimant, tokens(1), false);
    const [step] = steps;
    if (step === undefined) throw new Error('expected a step');
    const { taskUuid, stepIndex, token } = step;
    const stranger = { taskUuid, stepIndex, token: randomUUID() };
    expect(await engine.extend([step, stranger], 60, client)).toEqual([stranger]);
    await client.end();
    expect(await engine.release([{ taskUuid, stepIndex, token }, stranger])).toBe(1);

    for (const state of ['enqueued', 'enqueued', 'error']) {
      await engine.claim(claimant, tokens(1), false);
      await engine.claimAlone(claimant, randomUUID());
      await core.clock.advance(60_000);
      const failed = state === 'error';
      expect(await engine.reclaim(3, 10)).toMatchObject([
        { taskUuid, stepIndex, name: 'start', failed, taskSettled: failed },
      ]);
      expect(await core.step(task, 'start')).toMatchObject({ state });
    }
    await engine.cancel(task, 'why', 'who');
  });

  it('takes part in the caller’s transaction: nothing is there before it commits', async () => {
    const client = await database.acquire();
    try {
      for (const how of ['ROLLBACK', 'COMMIT']) {
        await client.query('BEGIN');
        const [answer] = await engine.submit([JSON.stringify(newTask({ template_id: template }))], client);
        expect(answer?.outcome).toBe('created');
        expect((await engine.claim(claimant, tokens(1), false)).steps).toEqual([]);
        await client.query(how);
      }
      const { steps } = await engine.claim(claimant, tokens(1), false);
      await client.query('BEGIN');
      const answer = await engine.complete(
        claimant,
        steps.map((step) => success(step, 1)),
        { tokens: [] },
        false,
        client,
      );
      expect(answer).toMatchObject({ unrecorded: [], released: 2 });
      await client.query('ROLLBACK');
      const again = await engine.complete(
        claimant,
        steps.map((step) => success(step, 2)),
        { tokens: [] },
        false,
      );
      expect(again).toMatchObject({ unrecorded: [], released: 2 });
      const [taskUuid = ''] = steps.map((step) => step.taskUuid);
      expect(await core.step(taskUuid, 'start')).toMatchObject({ result: 2 });
      await engine.cancel(taskUuid, 'why', 'who');
    } finally {
      client.release();
    }
  });
});

function content(version: string, callable: string): TaskTemplate {
  const text = DIAMOND_FILE.replace('1.0.0', version).replaceAll('callable: h', `callable: ${callable}`);
  return parseTemplate(text, 'diamond.yaml');
}

describe('A template', () => {
  it('has one id, however many processes register it at once', async () => {
    const engines = Array.from({ length: 10 }, () => engine.registerTemplate(content('3.0.0', 'h')));
    const answers = await Promise.all(engines);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toEqual({ templateId: expect.any(Number) });
  });

  it('may change its content under the same version only while no task of it is unfinished', async () => {
    const first = await engine.registerTemplate(content('4.0.0', 'old'));
    if (!('templateId' in first)) throw new Error('expected an id');
    const tasks = [newTask({ template_id: first.templateId }), newTask({ template_id: first.templateId })];
    await engine.submit(tasks.map((task) => JSON.stringify(task)));
    expect(await engine.registerTemplate(content('4.0.0', 'new'))).toEqual({ conflictingTasks: 2 });
    expect(await engine.registerTemplate(content('4.0.0', 'old'))).toEqual(first);
    for (const task of tasks) await engine.cancel(task.task_uuid, 'why', 'who');
    const second = await engine.registerTemplate(content('4.0.0', 'new'));
    expect(second).toEqual({ templateId: expect.any(Number) });
    expect(second).not.toEqual(first);
  });
});

describe('A worker', () => {
  it('has one number a name, however often and from wherever it starts', async () => {
    const numbers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => engine.registerWorker('again', `host ${n}`)),
    );
    expect(new Set(numbers).size).toBe(1);
    expect(await engine.registerWorker('another', 'here')).not.toBe(numbers[0]);
  });
});
