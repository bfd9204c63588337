import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { Task, TaskClient, TaskStep } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const chain = workflow('chain', {
  first: {},
  second: { dependencies: ['first'] },
  third: { dependencies: ['second'] },
});
const BY = { reason: 'because', by: 'an operator' };

let lab: Lab;
let client: TaskClient;
let broken = true;

beforeAll(async () => {
  lab = await Lab.open(chain);
  ({ client } = await lab.worker({
    handlers: {
      first: () => 1,
      second: () => {
        if (broken) throw new Error('broken');
        return 2;
      },
      third: (step) => ({ second: step.dependencyResults['second'] ?? null, first: step.context['n'] ?? 0 }),
    },
  }));
});

afterAll(() => lab.close());

async function blocked(): Promise<{ task: Task; step: TaskStep }> {
  broken = true;
  const { taskUuid } = await client.submit(requestFor(chain));
  const task = await client.waitFor(taskUuid);
  const step = task.steps[1];
  if (step === undefined) throw new Error('The task has no second step');
  expect(task).toMatchObject({ status: 'blocked_by_failures', recommendedAction: 'handle_failures' });
  return { task, step };
}

describe('A task that is blocked', () => {
  it('goes on when its step is reset', async () => {
    const { task, step } = await blocked();
    broken = false;
    await client.resetStep(task.taskUuid, step.stepUuid, BY);
    expect(await client.waitFor(task.taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{}, { state: 'complete', attempts: 1 }, { results: { result: { second: 2, first: 0 } } }],
    });
  });

  it('goes on without a result when its step is resolved', async () => {
    const { task, step } = await blocked();
    await client.resolveStep(task.taskUuid, step.stepUuid, BY);
    expect(await client.waitFor(task.taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{}, { state: 'resolved_manually' }, { results: { result: { second: null, first: 0 } } }],
    });
  });

  it('goes on with a result given by hand', async () => {
    const { task, step } = await blocked();
    await client.completeStep(task.taskUuid, step.stepUuid, { result: 22, metadata: { by: 'hand' } }, BY);
    expect(await client.waitFor(task.taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{}, { results: { result: 22 } }, { results: { result: { second: 22, first: 0 } } }],
    });
  });

  it('can be cancelled, once', async () => {
    const { task, step } = await blocked();
    expect(await client.cancel(task.taskUuid, BY)).toMatchObject({ status: 'cancelled' });
    await expect(client.cancel(task.taskUuid, BY)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(client.resetStep(task.taskUuid, step.stepUuid, BY)).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
  });
});

describe('What can’t be done by hand is refused', () => {
  it('for a step that is complete', async () => {
    const { task } = await blocked();
    const first = task.steps[0]?.stepUuid ?? '';
    await expect(client.resetStep(task.taskUuid, first, BY)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringMatching(/first is complete/),
    });
  });

  it('for a step of another task, or of none', async () => {
    const { task } = await blocked();
    const other = await blocked();
    for (const stepUuid of [other.step.stepUuid, task.taskUuid]) {
      await expect(client.resolveStep(task.taskUuid, stepUuid, BY)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });

  it('where the words about it can not be kept', async () => {
    const { task, step } = await blocked();
    const { taskUuid } = task;
    const { stepUuid } = step;
    for (const [words, path] of [
      [{ ...BY, by: 'x'.repeat(256) }, 'by'],
      [{ ...BY, reason: 'x'.repeat(10_001) }, 'reason'],
      [{ ...BY, reason: 'a\0b' }, 'reason'],
    ] as const) {
      for (const acting of [
        client.resetStep(taskUuid, stepUuid, words),
        client.resolveStep(taskUuid, stepUuid, words),
        client.completeStep(taskUuid, stepUuid, { result: 1 }, words),
        client.cancel(taskUuid, words),
      ])
        await expect(acting).rejects.toMatchObject({
          code: 'INVALID_TASK_REQUEST',
          violations: [{ path, message: expect.any(String) }],
        });
    }
  });
});
