import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { expectConsistent } from './consistency.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { LONE_STEP, TWO_BRANCHES } from './graphs.js';
import { failed, succeeded } from './reports.js';
import type { RetryTerms } from './reports.js';

const NOON = new Date('2031-05-05T12:00:00.000Z');
const ONE_SECOND: Partial<RetryTerms> = { backoff: 'linear', base_ms: 1_000 };

let core: CoreDatabase;
let worker: CoreConnection;
let template: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  template = await core.template(LONE_STEP);
});

beforeEach(() => core.clock.freeze(NOON));

afterAll(() => core.drop());

/** Claims the one ready step and lets it fail; answers with the number of its attempt. */
async function failOnce(terms: Partial<RetryTerms>): Promise<number | undefined> {
  const { steps } = await worker.claim();
  await worker.complete(steps.map((step) => failed(step, terms)));
  return steps[0]?.attempt;
}

describe('A step that has failed', () => {
  it('is claimable exactly when its retry is due, not a millisecond before', async () => {
    const task = await worker.submit({ template_id: template });
    await failOnce(ONE_SECOND);
    expect(await core.task(task)).toMatchObject({ status: 'waiting_for_retry', waiting_for_retry_steps: 1 });

    await core.clock.advance(999);
    expect(await worker.claim()).toMatchObject({ steps: [], nextRetryMs: 1 });
    expect(await core.step(task, 'only')).toMatchObject({ state: 'waiting_for_retry' });

    await core.clock.advance(1);
    expect(await core.step(task, 'only')).toMatchObject({ state: 'enqueued' });
    expect(await core.task(task)).toMatchObject({ status: 'steps_in_process', ready_steps: 1 });
    const again = await worker.claim();
    expect(again).toMatchObject({ steps: [{ taskUuid: task, attempt: 2 }], nextRetryMs: null });
    await worker.complete(again.steps.map((step) => succeeded(step)));
    expect(await core.task(task)).toMatchObject({ status: 'complete' });
    await expectConsistent(core);
  });

  it('tells whoever claims or completes how long the nearest retry of all is away', async () => {
    const first = await worker.submit({ template_id: template });
    await failOnce({ backoff: 'linear', base_ms: 5_000 });
    const second = await worker.submit({ template_id: template });
    const { steps } = await worker.claim();
    const answer = await worker.complete(
      steps.map((step) => failed(step, { backoff: 'linear', base_ms: 1_500 })),
    );
    expect(answer.nextRetryMs).toBe(1_500);
    await core.clock.advance(400);
    expect((await worker.claim()).nextRetryMs).toBe(1_100);
    await core.clock.advance(2_000);
    expect((await worker.claim({ slots: 0 })).nextRetryMs).toBe(0);
    expect(await worker.claim()).toMatchObject({ steps: [{ taskUuid: second }], nextRetryMs: 2_600 });
    for (const task of [first, second]) await worker.cancel(task);
    expect((await worker.claim()).nextRetryMs).toBeNull();
  });

  it('keeps its place in the queue from when it was due', async () => {
    const retried = await worker.submit({ template_id: template });
    await failOnce(ONE_SECOND);
    await core.clock.advance(2_000);
    const later = await worker.submit({ template_id: template });
    const order = [...(await worker.claim()).steps, ...(await worker.claim()).steps].map(
      (step) => step.taskUuid,
    );
    expect(order).toEqual([retried, later]);
    for (const task of order) await worker.cancel(task);
  });

  it.each([0, 1])('runs once with max_attempts %i', async (max_attempts) => {
    const task = await worker.submit({ template_id: template });
    await failOnce({ max_attempts });
    expect(await core.task(task)).toMatchObject({ status: 'blocked_by_failures', failed_steps: 1 });
    expect((await worker.claim()).steps).toEqual([]);
  });

  it('runs as often as max_attempts says, the first run included', async () => {
    const task = await worker.submit({ template_id: template });
    const runs: (number | undefined)[] = [];
    for (let run = 0; run < 4; run += 1) runs.push(await failOnce({ max_attempts: 4 }));
    expect(runs).toEqual([1, 2, 3, 4]);
    expect(await core.step(task, 'only')).toMatchObject({ state: 'error', attempts: 4 });
    expect((await core.events(task)).map((event) => event.kind)).toEqual([2, 2, 2, 3, 9]);
    await expectConsistent(core);
  });

  it('is not retried where that is forbidden, whatever pause the handler asks for', async () => {
    const task = await worker.submit({ template_id: template });
    await failOnce({ retryable: false, after_ms: 1_000, max_attempts: 10 });
    expect(await core.step(task, 'only')).toMatchObject({ state: 'error', attempts: 1 });
  });

  it('is retried although its worker serves other templates only by now', async () => {
    const other = await core.template(LONE_STEP);
    const task = await worker.submit({ template_id: template });
    await failOnce(ONE_SECOND);
    await core.clock.advance(1_000);
    expect(await worker.claim({ templates: [other] })).toMatchObject({ steps: [], nextRetryMs: null });
    expect((await worker.claim({ templates: [template] })).steps).toMatchObject([{ taskUuid: task }]);
    await worker.cancel(task);
  });

  it('waits for its retry while the rest of its task runs on', async () => {
    const task = await worker.submit({ template_id: await core.template(TWO_BRANCHES) });
    const { steps } = await worker.claim({ slots: 2 });
    const reports = steps.map((step) => (step.name === 'left' ? failed(step, ONE_SECOND) : succeeded(step)));
    expect((await worker.complete(reports)).settledTasks).toEqual([]);
    expect(await core.task(task)).toMatchObject({ status: 'waiting_for_retry', completed_steps: 1 });
    await core.clock.advance(1_000);
    const again = await worker.claim({ slots: 2 });
    const answer = await worker.complete(again.steps.map((step) => succeeded(step)));
    expect(answer.settledTasks).toEqual([task]);
    await expectConsistent(core);
  });
});
