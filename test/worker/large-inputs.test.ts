import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { RetryableStepError } from '../../src/index.js';
import type { WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const PARENTS = Array.from({ length: 600 }, (_, n) => `p${n}`);
const WIDE = workflow('wide', {
  ...Object.fromEntries(PARENTS.map((name) => [name, { handler: { callable: 'small' } }])),
  join: { dependencies: PARENTS, retry: { max_attempts: 3, backoff: 'none' } },
});
const PAIR = workflow('pair', { give: {}, take: { dependencies: ['give'] } });
const FEW = workflow('few', {
  left: { handler: { callable: 'give' } },
  right: { handler: { callable: 'give' } },
  take: { dependencies: ['left', 'right'] },
});
/** Its branches end one after the other. */
const APART = workflow('apart', {
  left: { handler: { callable: 'give' } },
  before: { handler: { callable: 'small' } },
  right: { dependencies: ['before'], handler: { callable: 'give_after_left' } },
  take: { dependencies: ['left', 'right'] },
});
const LIMIT = 1_048_576;

let lab: Lab;
let worker: WorkerHandle;
const joining = new Happening<string>();
const letJoin = new Happening();

beforeAll(async () => {
  lab = await Lab.open(WIDE, PAIR, FEW, APART);
  worker = await lab.worker({
    settings: { maxInputBytes: LIMIT, maxConcurrency: 2_000 },
    handlers: {
      small: () => 1,
      join: async ({ task, workflowStep }) => {
        joining.happen(task.taskUuid);
        await letJoin.happened;
        throw new RetryableStepError(`again after attempt ${workflowStep.attempt}`);
      },
      give: ({ context }) => 'x'.repeat(Number(context['bytes'])),
      give_after_left: async ({ context, task, signal }) => {
        await until('the other branch is recorded', async () => {
          signal.throwIfAborted();
          const found = await lab.rows(
            `SELECT FROM tasker.steps WHERE task_uuid = $1 AND name = 'left' AND state = 4`,
            [task.taskUuid],
          );
          return found.length > 0;
        });
        return 'x'.repeat(Number(context['bytes']));
      },
      take: ({ context, dependencyResults }) => ({
        context: JSON.stringify(context).length,
        results: Object.values(dependencyResults).map((result) => JSON.stringify(result).length - 2),
      }),
    },
  });
});

afterAll(() => lab.close());

describe('A step’s input', () => {
  it('of 600 results of 100 KB fails that step for good, naming the parents, and no other task', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(WIDE));
    await joining.happened;
    await lab.rows(
      `UPDATE tasker.steps SET result = to_json(repeat('x', 100000 + step_index)) WHERE task_uuid = $1 AND name <> 'join'`,
      [taskUuid],
    );
    letJoin.happen();
    const other = await worker.client.submit(requestFor(PAIR, { bytes: 10 }));
    const task = await worker.client.waitFor(taskUuid);
    expect(task.status).toBe('blocked_by_failures');
    const join = task.steps.find(({ name }) => name === 'join');
    expect(join).toMatchObject({ state: 'error', attempts: 2 });
    expect(join?.results?.metadata.error_code).toBe('INPUT_TOO_LARGE');
    const context = join?.results?.error?.context;
    expect(context).toMatchObject({ parents: 600, largest: expect.any(Array) });
    expect(context?.['bytes']).toBeGreaterThan(60_000_000);
    expect(join?.results?.error?.message).toMatch(
      /has 6\d{7} bytes; at most 1048576 .*"p\d+" 1006\d\d, .*590 more parents/,
    );
    expect((await worker.client.waitFor(other.taskUuid)).status).toBe('complete');
  });

  it.each([
    ['that is handed over with its parent’s end', PAIR, 1],
    ['that is handed over with the ends of both', FEW, 2],
  ])('%s counts the context, too', async (_, template, parents) => {
    const bytes = 300_000;
    const padding = 'y'.repeat(LIMIT - parents * bytes - 200);
    const fits = await worker.client.submit(requestFor(template, { bytes, padding }));
    const done = await worker.client.waitFor(fits.taskUuid);
    expect(done.steps.at(-1)?.results?.result).toMatchObject({
      results: Array.from({ length: parents }, () => bytes),
    });
    const more = await worker.client.submit(requestFor(template, { bytes, padding: `${padding}${padding}` }));
    const failed = await worker.client.waitFor(more.taskUuid);
    // Of two parents one alone may be over it already.
    expect(failed.steps.find(({ state }) => state === 'error')?.results?.metadata.error_code).toBe(
      'INPUT_TOO_LARGE',
    );
  });

  it('that is handed over by the database counts the context, too', async () => {
    const padding = 'y'.repeat(LIMIT - 500_000);
    const { taskUuid } = await worker.client.submit(requestFor(APART, { bytes: 300_000, padding }));
    const task = await worker.client.waitFor(taskUuid);
    expect(task.steps.find(({ name }) => name === 'take')?.results?.metadata.error_code).toBe(
      'INPUT_TOO_LARGE',
    );
  });

  it('comes whole where it is too large for the answer to a claim', async () => {
    // A claim with 2,000 tokens leaves 16 KiB for each.
    const padding = 'y'.repeat(200_000);
    const requests = Array.from({ length: 20 }, (_, n) => requestFor(FEW, { bytes: 100_000 + n, padding }));
    const outcomes = await worker.client.submitMany(requests);
    for (const [n, outcome] of outcomes.entries()) {
      if ('error' in outcome) throw outcome.error;
      const task = await worker.client.waitFor(outcome.taskUuid);
      expect(task.steps.at(-1)?.results?.result).toMatchObject({ results: [100_000 + n, 100_000 + n] });
    }
  });
});
