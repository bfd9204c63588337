import { afterEach, describe, expect, it } from '@jest/globals';
import type { Task, WorkerHandle } from '../../src/index.js';
import { PermanentStepError, RetryableStepError } from '../../src/index.js';
import { LifecycleEnforcer } from '../../src/worker/index.js';
import { Lab } from '../support/lab.js';
import { aborted, Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { HandlerFunction } from '../support/workflows.js';

const MINUTE = 60_000;
const RETRY_IN_A_DAY: HandlerFunction = () => {
  throw new RetryableStepError('later', { retryAfterSeconds: 86_400 });
};

const FAIL: HandlerFunction = () => {
  throw new PermanentStepError('never');
};

describe('lifecycle limits of a template', () => {
  let lab: Lab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  /** A task whose only step waits for a retry tomorrow. */
  async function waitingTask(lifecycle: object): Promise<{ worker: WorkerHandle; task: Task }> {
    const slow = workflow('slow', { wait: { retry: { max_attempts: 5 } } }, { lifecycle });
    lab = await Lab.open(slow);
    const worker = await lab.worker({ handlers: { wait: RETRY_IN_A_DAY } });
    const { taskUuid } = await worker.client.submit(requestFor(slow));
    const task = await until('the step waits for its retry', async () => {
      const now = await worker.client.get(taskUuid);
      return now.status === 'waiting_for_retry' && now;
    });
    return { worker, task };
  }

  async function afterMinutes(worker: WorkerHandle, taskUuid: string, minutes: number): Promise<Task> {
    await lab?.clock.advance(minutes * MINUTE);
    await worker.app.get(LifecycleEnforcer).check(0);
    return worker.client.get(taskUuid);
  }

  async function deadLetters(): Promise<readonly unknown[]> {
    return (await lab?.rows('SELECT task_uuid, original_state, dlq_reason FROM tasker.tasks_dlq')) ?? [];
  }

  it('ends a task over max_duration_minutes in error, with a dead letter and its steps cancelled', async () => {
    const { worker, task } = await waitingTask({ max_duration_minutes: 10 });
    expect((await afterMinutes(worker, task.taskUuid, 9)).status).toBe('waiting_for_retry');

    const ended = await afterMinutes(worker, task.taskUuid, 2);
    expect(ended).toMatchObject({ status: 'error', exceededLimit: 'max_duration_minutes' });
    expect(ended.steps.map(({ state }) => state)).toEqual(['cancelled']);
    expect(await deadLetters()).toEqual([
      {
        task_uuid: task.taskUuid,
        original_state: 'waiting_for_retry',
        dlq_reason: 'max_duration_minutes',
      },
    ]);
    expect((await worker.client.waitFor(task.taskUuid)).status).toBe('error');
  });

  it.each([
    [{ max_waiting_for_retry_minutes: 10, staleness_action: 'error' }, 'error', 0],
    [{ max_waiting_for_retry_minutes: 10, staleness_action: 'dlq' }, 'error', 1],
    [{ max_waiting_for_retry_minutes: 10 }, 'error', 1],
    [{ max_waiting_for_retry_minutes: 10, staleness_action: 'none' }, 'waiting_for_retry', 0],
    [{ max_duration_minutes: 10, staleness_action: 'error' }, 'error', 0],
    [{ max_duration_minutes: 10, staleness_action: 'none', auto_dlq_on_timeout: true }, 'error', 1],
    [{ max_duration_minutes: 10, staleness_action: 'none', auto_fail_on_timeout: true }, 'error', 0],
    [
      { max_duration_minutes: 10, auto_fail_on_timeout: false, auto_dlq_on_timeout: false },
      'waiting_for_retry',
      0,
    ],
  ])('obeys %j', async (lifecycle, status, letters) => {
    const { worker, task } = await waitingTask(lifecycle);
    const [limit] = Object.keys(lifecycle);
    expect(await afterMinutes(worker, task.taskUuid, 11)).toMatchObject({ status, exceededLimit: limit });
    expect(await deadLetters()).toHaveLength(letters);
  });

  it('takes the mark off a task that has gone on', async () => {
    const { worker, task } = await waitingTask({
      max_waiting_for_retry_minutes: 10,
      staleness_action: 'none',
    });
    expect((await afterMinutes(worker, task.taskUuid, 11)).exceededLimit).toBe(
      'max_waiting_for_retry_minutes',
    );
    // The retry comes due, fails again, and the waiting begins anew.
    await lab?.clock.advance(24 * 60 * MINUTE);
    await until('the retry has failed', async () => {
      const { steps } = await worker.client.get(task.taskUuid);
      return steps[0]?.attempts === 2 && steps[0].state === 'waiting_for_retry';
    });
    expect((await afterMinutes(worker, task.taskUuid, 1)).exceededLimit).toBeNull();
  });

  it.each([
    ['dlq', 'error', 1],
    ['none', 'blocked_by_failures', 0],
  ])(
    'finds a task whose steps wait for one that failed for longer than max_waiting_for_dependencies_minutes: %s',
    async (action, status, letters) => {
      const lifecycle = { max_waiting_for_dependencies_minutes: 10, staleness_action: action };
      const stuck = workflow('stuck', { fail: {}, after: { dependencies: ['fail'] } }, { lifecycle });
      const alone = workflow('alone', { fail: {} }, { lifecycle });
      lab = await Lab.open(stuck, alone);
      const worker = await lab.worker({ handlers: { fail: FAIL, after: () => 1 } });
      const { taskUuid } = await worker.client.submit(requestFor(stuck));
      const { taskUuid: other } = await worker.client.submit(requestFor(alone));
      expect((await worker.client.waitFor(taskUuid)).status).toBe('blocked_by_failures');
      expect((await worker.client.waitFor(other)).status).toBe('blocked_by_failures');
      expect(await afterMinutes(worker, taskUuid, 9)).toMatchObject({
        status: 'blocked_by_failures',
        exceededLimit: null,
      });

      expect(await afterMinutes(worker, taskUuid, 2)).toMatchObject({
        status,
        exceededLimit: 'max_waiting_for_dependencies_minutes',
      });
      expect(await deadLetters()).toHaveLength(letters);
      // Nothing of this one waits for anything.
      expect(await worker.client.get(other)).toMatchObject({
        status: 'blocked_by_failures',
        exceededLimit: null,
      });
    },
  );

  it('leaves a task alone whose state has no limit', async () => {
    const { worker, task } = await waitingTask({ max_steps_in_process_minutes: 1 });
    expect(await afterMinutes(worker, task.taskUuid, 600)).toMatchObject({
      status: 'waiting_for_retry',
      exceededLimit: null,
    });
  });

  it('ends a task whose step runs for longer than max_steps_in_process_minutes, and aborts the handler', async () => {
    const slow = workflow('slow', { work: {} }, { lifecycle: { max_steps_in_process_minutes: 5 } });
    lab = await Lab.open(slow);
    const started = new Happening();
    const reasons: unknown[] = [];
    const worker = await lab.worker({
      settings: { leaseSeconds: 1 },
      handlers: {
        work: async (step) => {
          started.happen();
          reasons.push(await aborted(step.signal));
          return 1;
        },
      },
    });
    const { taskUuid } = await worker.client.submit(requestFor(slow));
    await started.happened;
    await lab.rows(
      `UPDATE tasker.tasks SET created_at = created_at - interval '1 hour' WHERE task_uuid = $1`,
      [taskUuid],
    );
    await lab.rows(
      `UPDATE tasker.steps SET started_at = started_at - interval '6 minutes' WHERE task_uuid = $1`,
      [taskUuid],
    );
    await worker.app.get(LifecycleEnforcer).check(0);
    expect(await worker.client.get(taskUuid)).toMatchObject({
      status: 'error',
      exceededLimit: 'max_steps_in_process_minutes',
    });
    await until('the handler is aborted', () => reasons.length === 1);
  });

  it('finds every task over a limit, however many were submitted in the same instant', async () => {
    const slow = workflow(
      'slow',
      { wait: {} },
      { lifecycle: { max_duration_minutes: 10, staleness_action: 'error' } },
    );
    lab = await Lab.open(slow);
    const api = await lab.worker({ handlers: { wait: () => 1 }, settings: { role: 'api' } });
    await api.client.submitMany(Array.from({ length: 1_200 }, () => requestFor(slow)));
    await lab.clock.advance(11 * MINUTE);
    await api.app.get(LifecycleEnforcer).check(0);
    expect(await lab.rows('SELECT status, count(*)::int FROM tasker.tasks GROUP BY 1')).toEqual([
      { status: 3, count: 1_200 },
    ]);
  });
});
