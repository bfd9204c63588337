import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { JsonValue, TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { taskResults } from '../../src/testing/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const EMPTY: readonly JsonValue[] = [null, false, 0, '', [], {}];
const BY_HAND = { reason: 'because', by: 'an operator' };

const chain = workflow('chain', {
  parent: {},
  child: { dependencies: ['parent'] },
  grandchild: { dependencies: ['child'] },
});
const join = workflow('join', {
  parent: {},
  later: {},
  both: { dependencies: ['parent', 'later'] },
});
const asking = workflow('asking', { parent: {}, asks: { dependencies: ['parent'] } });

let lab: Lab;
let worker: WorkerHandle;

function given({ context }: TaskSequenceStep): JsonValue {
  if (context['fails'] === true) throw new Error('told to');
  return context['value'] ?? null;
}

beforeAll(async () => {
  lab = await Lab.open(chain, join, asking);
  worker = await lab.worker({
    handlers: {
      parent: given,
      child: (step) => step.dependency('parent'),
      grandchild: async (step) => [step.dependency('child'), (await step.result('parent')) ?? 'none'],
      // Ends in a transaction of its own, never in a batch with "parent".
      later: (step) => step.transaction(() => Promise.resolve('later')),
      both: (step) => step.dependencyResults,
      asks: async (step) => {
        const name = step.context['asks'];
        if (typeof name === 'string') return step.dependency(name);
        return {
          has: Object.keys(step.dependencyResults),
          result: (await step.result('parent')) === undefined ? 'undefined' : 'a value',
        };
      },
    },
  });
});

afterAll(() => lab.close());

/** The step behind a parent that was resolved by hand. */
async function resolved(context: Readonly<Record<string, JsonValue>>) {
  const { taskUuid } = await worker.client.submit(requestFor(asking, { fails: true, ...context }));
  const [failed] = (await worker.client.waitFor(taskUuid)).steps;
  await worker.client.resolveStep(taskUuid, failed?.stepUuid ?? '', BY_HAND);
  return (await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 })).steps[1];
}

describe('A result that is empty', () => {
  it.each(EMPTY)('%j reaches the steps behind it as it is', async (value) => {
    const { taskUuid } = await worker.client.submit(requestFor(chain, { value }));
    const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
    expect(task.status).toBe('complete');
    expect(taskResults(task)).toEqual({ parent: value, child: value, grandchild: [value, value ?? 'none'] });
    expect(task.steps[0]?.results).toMatchObject({ success: true, result: value });
    const stored = await lab.rows('SELECT result::text FROM tasker.read_steps($1) LIMIT 1', [taskUuid]);
    expect(stored).toEqual([{ result: JSON.stringify(value) }]);
  });

  it.each(EMPTY)('%j is one of several inputs', async (value) => {
    const { taskUuid } = await worker.client.submit(requestFor(join, { value }));
    const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
    expect(taskResults(task)['both']).toEqual({ parent: value, later: 'later' });
  });

  it.each(EMPTY)('%j is a result like any other when it is given by hand', async (value) => {
    const { taskUuid } = await worker.client.submit(requestFor(chain, { fails: true }));
    const [failed] = (await worker.client.waitFor(taskUuid)).steps;
    await worker.client.completeStep(taskUuid, failed?.stepUuid ?? '', { result: value }, BY_HAND);
    const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
    expect(taskResults(task)).toEqual({ parent: value, child: value, grandchild: [value, value ?? 'none'] });
  });
});

describe('A step without a result', () => {
  it('is missed for good by dependency(), which says that it was resolved by hand', async () => {
    expect(await resolved({ asks: 'parent' })).toMatchObject({
      state: 'error',
      attempts: 1,
      results: {
        metadata: { error_code: 'MISSING_DEPENDENCY' },
        error: { message: expect.stringMatching(/no result of step "parent": it was resolved by hand/) },
      },
    });
  });

  it('is not among dependencyResults, and result() answers undefined', async () => {
    expect(await resolved({})).toMatchObject({ results: { result: { has: [], result: 'undefined' } } });
  });
});

describe('A step that is no parent', () => {
  it.each([
    ['parrent', /"asks" does not depend on "parrent" \(it depends on "parent"\), did you mean "parent"\?/],
    ['toString', /"asks" does not depend on "toString" \(it depends on "parent"\): name it/],
  ])('%s is refused with the names of the parents', async (asks, message) => {
    const { taskUuid } = await worker.client.submit(requestFor(asking, { asks }));
    const task = await worker.client.waitFor(taskUuid, { timeoutMs: 30_000 });
    expect(task.steps[1]).toMatchObject({
      state: 'error',
      results: {
        metadata: { error_code: 'MISSING_DEPENDENCY' },
        error: { retryable: false, message: expect.stringMatching(message) },
      },
    });
  });
});
