import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { PermanentStepError, RetryableStepError } from '../../src/index.js';
import type { WorkerHandle } from '../../src/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { Workflow } from '../support/workflows.js';

interface Summary {
  readonly status: string;
  readonly explanation: string;
  readonly steps: readonly { readonly name: string; readonly waiting: unknown }[];
}

const NOTHING = { steps: [], blocked_by: [], until: null };

const stuck = workflow('stuck', {
  hold: {},
  later: { retry: { max_attempts: 3 } },
  break: {},
  after_hold: { dependencies: ['hold'], handler: { callable: 'give' } },
  after_later: { dependencies: ['later'], handler: { callable: 'give' } },
  after_break: { dependencies: ['break'], handler: { callable: 'give' } },
  last: { dependencies: ['after_hold', 'after_break'], handler: { callable: 'give' } },
});
const unserved = workflow(
  'unserved',
  { ready: {}, next: { dependencies: ['ready'] } },
  { namespace: 'nobody' },
);

let lab: Lab;
let worker: WorkerHandle;
const goOn = new Happening();

beforeAll(async () => {
  lab = await Lab.open(stuck, unserved);
  worker = await lab.worker({ settings: { role: 'api' }, enableWebApi: true });
  await lab.templates.remove(unserved);
  await lab.worker({
    handlers: {
      hold: () => goOn.happened.then(() => 1),
      later: () => {
        throw new RetryableStepError('The bank is closed', { retryAfterSeconds: 3600, errorCode: 'CLOSED' });
      },
      break: () => {
        throw new PermanentStepError('It is broken', { errorCode: 'BROKEN' });
      },
      give: () => 1,
    },
  });
});

afterAll(async () => {
  goOn.happen();
  await lab.close();
});

async function summaryOf(taskUuid: string): Promise<Summary> {
  return (await ask<Summary>(worker.url ?? '', `/v1/tasks/${taskUuid}/summary`)).body;
}

async function submit(of: Workflow): Promise<string> {
  return (await worker.client.submit(requestFor(of))).taskUuid;
}

describe('The reason for waiting', () => {
  it('shows on every step: a retry, with its time; steps above, with their states; what blocks it, however far up', async () => {
    const taskUuid = await submit(stuck);
    await until('its three roots have got as far as they get', async () => {
      const { steps } = await worker.client.get(taskUuid);
      return ['in_progress', 'waiting_for_retry', 'error'].every(
        (state, index) => steps[index]?.state === state,
      );
    });
    const { explanation, steps } = await summaryOf(taskUuid);
    const next = (await worker.client.get(taskUuid)).steps[1]?.nextRetryAt;
    expect(Object.fromEntries(steps.map(({ name, waiting }) => [name, waiting]))).toEqual({
      hold: null,
      later: {
        ...NOTHING,
        for: 'retry',
        until: expect.stringContaining(next?.toISOString().slice(0, 22) ?? '?'),
      },
      break: null,
      after_hold: { ...NOTHING, for: 'steps', steps: [{ name: 'hold', current_state: 'in_progress' }] },
      after_later: {
        ...NOTHING,
        for: 'steps',
        steps: [{ name: 'later', current_state: 'waiting_for_retry' }],
      },
      after_break: {
        ...NOTHING,
        for: 'steps',
        steps: [{ name: 'break', current_state: 'error' }],
        blocked_by: ['break'],
      },
      last: {
        ...NOTHING,
        for: 'steps',
        steps: ['after_hold', 'after_break'].map((name) => ({ name, current_state: 'pending' })),
        blocked_by: ['break'],
      },
    });
    expect(explanation).toMatch(/break failed \(BROKEN: It is broken\)/);
    expect(explanation).toMatch(/hold in progress/);
    expect(explanation).toMatch(/later is tried again at \S+ \(CLOSED: The bank is closed\)/);
  });

  it('is a worker where a step is ready and nobody serves it', async () => {
    const { explanation, steps } = await summaryOf(await submit(unserved));
    expect(steps).toMatchObject([
      { name: 'ready', waiting: { ...NOTHING, for: 'worker' } },
      { name: 'next', waiting: { for: 'steps', steps: [{ name: 'ready', current_state: 'enqueued' }] } },
    ]);
    expect(explanation).toMatch(/ready ready for a worker/);
  });
});
