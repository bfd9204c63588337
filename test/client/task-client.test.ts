import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import {
  DuplicateTaskError,
  InvalidStateError,
  InvalidTaskRequestError,
  NotFoundError,
  PermanentStepError,
  WaitTimeoutError,
} from '../../src/index.js';
import type { SubmitManyOutcome, TaskRequest, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { aborted, Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const NOBODY = '01900000-0000-7000-8000-000000000000';

const EASY = workflow('easy', { only: {} });
const STRICT = workflow('strict', { only: {} }, { identity_strategy: 'strict' });
const KEYED = workflow('keyed', { only: {} }, { identity_strategy: 'caller_provided' });
const LONG = workflow('long', { hold: {}, after: { dependencies: ['hold'] } });
const FRAGILE = workflow('fragile', {
  break: { result_schema: { type: 'object', required: ['sum'] } },
  aside: {},
  after: { dependencies: ['break'] },
});
const CHECKED = workflow(
  'checked',
  { only: {} },
  {
    input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer', minimum: 1 } } },
  },
);

function errorOf(outcome: SubmitManyOutcome | undefined): unknown {
  return outcome !== undefined && 'error' in outcome ? outcome.error : undefined;
}

describe('TaskClient', () => {
  let lab: Lab;
  let worker: WorkerHandle;
  let holding = new Happening<AbortSignal>();
  let broken = true;

  beforeAll(async () => {
    lab = await Lab.open(EASY, STRICT, KEYED, LONG, FRAGILE, CHECKED);
    worker = await lab.worker({
      settings: { leaseSeconds: 1 },
      handlers: {
        only: ({ context }) => context['n'] ?? null,
        hold: async ({ signal }) => {
          holding.happen(signal);
          await aborted(signal);
          return 'too late';
        },
        break: () => {
          if (broken) throw new PermanentStepError('broken', { errorCode: 'BROKEN' });
          return { sum: 1 };
        },
        aside: () => 'aside',
        after: ({ dependencyResults }) => ({ ...dependencyResults }),
      },
    });
  });

  afterAll(async () => {
    await lab.close();
  });

  it('makes a task exist with the caller’s transaction, and wakes the worker when it commits', async () => {
    const client = new Client({ connectionString: lab.databaseUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      const lost = await worker.client.submit(requestFor(EASY), { client });
      await client.query('ROLLBACK');
      await expect(worker.client.get(lost.taskUuid)).rejects.toBeInstanceOf(NotFoundError);

      await client.query('BEGIN');
      const kept = await worker.client.submit(requestFor(EASY), { client });
      await expect(worker.client.get(kept.taskUuid)).rejects.toBeInstanceOf(NotFoundError);
      await client.query('COMMIT');
      expect((await worker.client.waitFor(kept.taskUuid)).status).toBe('complete');
    } finally {
      await client.end();
    }
  });

  it('takes 10,000 tasks in one call, answers each in order, and runs them all', async () => {
    const requests = Array.from({ length: 10_000 }, (_, n): TaskRequest =>
      n % 1000 === 7 ? requestFor(CHECKED, { n: 0 }) : requestFor(CHECKED, { n: n + 1 }),
    );
    const outcomes = await worker.client.submitMany(requests);
    expect(outcomes).toHaveLength(10_000);
    const refused = outcomes.flatMap((outcome, n) => ('error' in outcome ? [n] : []));
    expect(refused).toEqual(Array.from({ length: 10 }, (_, k) => k * 1000 + 7));
    expect(errorOf(outcomes[7])).toBeInstanceOf(InvalidTaskRequestError);
    expect(String(errorOf(outcomes[7]))).toContain('context.n');
    await until('all tasks are complete', async () => {
      const [row] = await lab.rows<{ left: number }>(
        'SELECT count(*)::int AS left FROM tasker.tasks WHERE status = 0',
      );
      return row?.left === 0;
    });
    const [sums] = await lab.rows<{ right: number }>(
      `SELECT count(*)::int AS right FROM tasker.tasks t JOIN tasker.steps s USING (task_uuid)
       WHERE t.status = 2 AND s.result::text = t.context ->> 'n'`,
    );
    expect(sums?.right).toBe(9_990);
  });

  it('refuses the same request twice where the template is strict, whatever the order of its keys', async () => {
    const first = await worker.client.submit(requestFor(STRICT, { a: 1, b: { c: 2, d: 3 } }));
    const again = worker.client.submit(requestFor(STRICT, { b: { d: 3, c: 2 }, a: 1 }));
    await expect(again).rejects.toBeInstanceOf(DuplicateTaskError);
    await expect(again).rejects.toMatchObject({ existingTaskUuid: first.taskUuid });
    expect((await worker.client.submit(requestFor(STRICT, { a: 2 }))).created).toBe(true);
  });

  it('gives the same task for a repeated idempotency key, and a conflict for another context', async () => {
    const request = { ...requestFor(EASY, { n: 1 }), idempotencyKey: 'k1' };
    const first = await worker.client.submit(request);
    expect(await worker.client.submit(request)).toMatchObject({ taskUuid: first.taskUuid, created: false });
    await expect(worker.client.submit({ ...request, context: { n: 2 } })).rejects.toBeInstanceOf(
      DuplicateTaskError,
    );
  });

  it('gives one task to a hundred callers with one idempotency key', async () => {
    const request = { ...requestFor(EASY, { n: 5 }), idempotencyKey: 'k2' };
    const answers = await Promise.all(Array.from({ length: 100 }, () => worker.client.submit(request)));
    expect(new Set(answers.map(({ taskUuid }) => taskUuid)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
  });

  it.each<[string, TaskRequest, string]>([
    ['a context that breaks the schema', requestFor(CHECKED, {}), 'context.n'],
    ['a context that is not JSON', requestFor(EASY, { bad: 'a\0b' }), 'context.bad'],
    ['a priority out of range', { ...requestFor(EASY), priority: 101 }, 'priority'],
    ['a lease that is too long', { ...requestFor(EASY), claimTimeoutSeconds: 3601 }, 'claim_timeout_seconds'],
    ['a correlation id that is no uuid', { ...requestFor(EASY), correlationId: 'x' }, 'correlation_id'],
    ['an empty initiator', { ...requestFor(EASY), initiator: '' }, 'initiator'],
    ['an empty tag', { ...requestFor(EASY), tags: ['a', ''] }, 'tags[1]'],
    ['a missing key where the caller must provide one', requestFor(KEYED), 'idempotency_key'],
  ])('refuses %s by its path', async (_, request, path) => {
    const submitted = worker.client.submit(request);
    await expect(submitted).rejects.toBeInstanceOf(InvalidTaskRequestError);
    await expect(submitted).rejects.toMatchObject({ violations: [expect.objectContaining({ path })] });
  });

  it.each([
    [{ version: '9.9.9' }, 'lab/easy/9.9.9; its version here is 1.0.0'],
    [{ name: 'esay' }, 'lab/esay/1.0.0, did you mean "lab/easy/1.0.0"?'],
    [{ namespace: 'lba', version: '2.0.0' }, 'lba/easy/2.0.0, did you mean "lab/easy/1.0.0"?'],
    [{ namespace: 'elsewhere' }, 'elsewhere/easy/1.0.0, did you mean "lab/easy/1.0.0"?'],
    [{ name: 'nothing_like_it' }, 'lab/nothing_like_it/1.0.0'],
  ])('names the template that it does not have, and what is near: %j', async (given, told) => {
    const request = { ...requestFor(EASY), ...given };
    const expected = { code: 'TEMPLATE_NOT_FOUND', message: `Task template not found: ${told}` };
    await expect(worker.client.submit(request)).rejects.toMatchObject(expected);
    expect(await worker.client.submitMany([request])).toMatchObject([{ error: expected }]);
  });

  it('suggests a name for the first twenty of many unknown templates', async () => {
    const requests = Array.from({ length: 30 }, () => ({ ...requestFor(EASY), name: 'esay' }));
    const outcomes = await worker.client.submitMany(requests);
    const told = outcomes.map((outcome) => ('error' in outcome ? outcome.error.message : ''));
    expect(told.filter((message) => message.includes('did you mean'))).toHaveLength(20);
    expect(told.at(-1)).toBe('Task template not found: lab/esay/1.0.0');
  });

  it('says so when a task does not exist, does not end in time, or is not waited for any more', async () => {
    await expect(worker.client.get(NOBODY)).rejects.toBeInstanceOf(NotFoundError);
    await expect(worker.client.waitFor(NOBODY)).rejects.toBeInstanceOf(NotFoundError);
    await expect(worker.client.cancel(NOBODY)).rejects.toBeInstanceOf(NotFoundError);

    holding = new Happening();
    const { taskUuid } = await worker.client.submit(requestFor(LONG));
    await expect(worker.client.waitFor(taskUuid, { timeoutMs: 1 })).rejects.toBeInstanceOf(WaitTimeoutError);
    const controller = new AbortController();
    const waiting = worker.client.waitFor(taskUuid, { signal: controller.signal });
    controller.abort(new Error('never mind'));
    await expect(waiting).rejects.toThrow('never mind');
    await worker.client.cancel(taskUuid);
  });

  it('answers every id that is no uuid with INVALID_UUID, and takes one in capitals', async () => {
    const { client } = worker;
    const { taskUuid } = await client.submit(requestFor(EASY));
    const words = { reason: 'looked at it', by: 'operator' };
    const shouted = taskUuid.toUpperCase();
    const task = await client.waitFor(shouted);
    const stepUuid = task.steps[0]?.stepUuid ?? '';
    expect(await client.getStep(shouted, stepUuid.toUpperCase())).toMatchObject({ stepUuid, taskUuid });

    for (const wrong of ['not-a-uuid', '', `${taskUuid}0`, "';DROP TABLE tasks"]) {
      for (const acting of [
        client.get(wrong),
        client.getStep(wrong, stepUuid),
        client.getStep(taskUuid, wrong),
        client.waitFor(wrong),
        client.cancel(wrong),
        client.resetStep(wrong, stepUuid, words),
        client.resolveStep(taskUuid, wrong, words),
        client.completeStep(wrong, stepUuid, { result: 1 }, words),
      ])
        await expect(acting).rejects.toMatchObject({
          code: 'INVALID_UUID',
          message: expect.stringContaining(JSON.stringify(wrong)),
        });
    }
  });

  it('refuses what is too long to be kept, of many requests that one alone', async () => {
    const outcomes = await worker.client.submitMany([
      requestFor(EASY),
      { ...requestFor(EASY), initiator: randomBytes(1_500).toString('hex') },
      { ...requestFor(EASY), sourceSystem: 'x'.repeat(256) },
      { ...requestFor(EASY), tags: Array.from({ length: 101 }, () => 'tag') },
      requestFor(EASY),
    ]);
    expect(outcomes.map((outcome) => errorOf(outcome) ?? 'accepted')).toEqual([
      'accepted',
      expect.objectContaining({
        violations: [{ path: 'initiator', message: 'expected at most 255 characters, got 3000' }],
      }),
      expect.objectContaining({ violations: [expect.objectContaining({ path: 'source_system' })] }),
      expect.objectContaining({ violations: [expect.objectContaining({ path: 'tags' })] }),
      'accepted',
    ]);
  });

  it('wakes every caller that waits for one task', async () => {
    holding = new Happening();
    const { taskUuid } = await worker.client.submit(requestFor(LONG));
    const waiting = Array.from({ length: 50 }, () => worker.client.waitFor(taskUuid));
    await holding.happened;
    await worker.client.cancel(taskUuid);
    const statuses = await Promise.all(waiting.map(async (one) => (await one).status));
    expect(new Set(statuses)).toEqual(new Set(['cancelled']));
  });

  it('cancels: running handlers are aborted, nothing else runs, and no late answer revives the task', async () => {
    holding = new Happening();
    const { taskUuid } = await worker.client.submit(requestFor(LONG));
    const signal = await holding.happened;
    const cancelled = await worker.client.cancel(taskUuid, { reason: 'changed my mind', by: 'me' });
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.steps.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    await aborted(signal);
    await expect(worker.client.cancel(taskUuid)).rejects.toBeInstanceOf(InvalidStateError);
    expect((await worker.client.get(taskUuid)).status).toBe('cancelled');
  });

  it('lets an operator reset, resolve or complete what has failed, and tells why it can’t', async () => {
    broken = true;
    const blocked = async () => {
      const { taskUuid } = await worker.client.submit(requestFor(FRAGILE));
      const task = await worker.client.waitFor(taskUuid);
      expect(task.status).toBe('blocked_by_failures');
      const step = task.steps.find(({ name }) => name === 'break');
      if (step === undefined) throw new Error('the task has no step "break"');
      return step;
    };
    const action = { reason: 'looked at it', by: 'operator' };

    const completed = await blocked();
    const wrong = worker.client.completeStep(completed.taskUuid, completed.stepUuid, { result: 5 }, action);
    await expect(wrong).rejects.toBeInstanceOf(InvalidTaskRequestError);
    await worker.client.completeStep(completed.taskUuid, completed.stepUuid, { result: { sum: 3 } }, action);
    const byHand = await worker.client.waitFor(completed.taskUuid);
    expect(byHand.status).toBe('complete');
    expect(byHand.steps.find(({ name }) => name === 'after')?.results?.result).toEqual({ break: { sum: 3 } });

    const resolved = await blocked();
    await worker.client.resolveStep(resolved.taskUuid, resolved.stepUuid, action);
    expect((await worker.client.waitFor(resolved.taskUuid)).status).toBe('complete');

    const reset = await blocked();
    broken = false;
    await worker.client.resetStep(reset.taskUuid, reset.stepUuid, action);
    const again = await worker.client.waitFor(reset.taskUuid);
    expect(again.status).toBe('complete');
    await expect(worker.client.resetStep(reset.taskUuid, reset.stepUuid, action)).rejects.toThrow(
      /break is complete/,
    );
    await expect(worker.client.resetStep(reset.taskUuid, NOBODY, action)).rejects.toBeInstanceOf(
      NotFoundError,
    );
  });
});
