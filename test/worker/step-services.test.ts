import { getMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { TaskSequenceStep, WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const family = workflow('family', {
  grandparent: {},
  parent: { dependencies: ['grandparent'] },
  stranger: {},
  child: { dependencies: ['parent'], handler: { callable: 'child', initialization: { factor: 3 } } },
});
const retried = workflow('retried', {
  again: { retry: { max_attempts: 3, backoff: 'none' } },
  other: { handler: { callable: 'again' } },
});

let lab: Lab;
let worker: WorkerHandle;
const keys: [string, number, string][] = [];

beforeAll(async () => {
  lab = await Lab.open(family, retried);
  worker = await lab.worker({
    settings: { shutdownTimeoutSeconds: 0 },
    handlers: {
      grandparent: () => ({ name: 'grandparent' }),
      parent: () => ({ name: 'parent' }),
      stranger: () => new Promise(() => undefined),
      child: async (step: TaskSequenceStep) => {
        await step.heartbeat();
        return {
          parents: step.dependencyResults,
          parent: await step.result('parent'),
          grandparent: await step.result('grandparent'),
          stranger: (await step.result('stranger')) ?? 'not yet',
          nobody: (await step.result('nobody')) ?? 'nobody',
          factor: step.initialization['factor'] ?? null,
          context: step.context,
          task: step.task.name,
          attempt: step.workflowStep.attempt,
          // No limit: a handler may pass its signal on as often as it likes, without Node's warning of a leak.
          signalsListeners: String(getMaxListeners(step.signal)),
        };
      },
      again: ({ idempotencyKey, workflowStep: { name, attempt, maxAttempts } }) => {
        keys.push([name, attempt, idempotencyKey]);
        if (attempt < maxAttempts) throw new Error('again');
        return 'done';
      },
    },
  });
});

afterAll(() => lab.close());

describe('A handler is given', () => {
  it('its task, its settings, and the results of all its ancestors', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(family, { n: 1 }));
    const child = await until('the child has ended', async () => {
      const { steps } = await worker.client.get(taskUuid);
      return steps.find(({ name }) => name === 'child')?.results?.result;
    });
    expect(child).toEqual({
      parents: { parent: { name: 'parent' } },
      parent: { name: 'parent' },
      grandparent: { name: 'grandparent' },
      stranger: 'not yet',
      nobody: 'nobody',
      factor: 3,
      context: { n: 1 },
      task: 'family',
      attempt: 1,
      signalsListeners: 'Infinity',
    });
    await worker.client.cancel(taskUuid);
  });

  it('a key that is the same for each attempt at its step, and for no other step', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(retried));
    const task = await worker.client.waitFor(taskUuid);
    expect(task.status).toBe('complete');
    expect(keys.map(([name, attempt]) => `${name} ${attempt}`).toSorted()).toEqual([
      'again 1',
      'again 2',
      'again 3',
      'other 1',
    ]);
    expect(new Set(keys.map(([name, , key]) => `${name} ${key}`)).size).toBe(2);
    expect(new Set(keys.map(([, , key]) => key)).size).toBe(2);
  });
});
