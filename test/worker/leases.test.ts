import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Database } from '../../src/database/index.js';
import type { TaskRequest } from '../../src/index.js';
import { WorkerStatistics } from '../../src/worker/index.js';
import { Lab } from '../support/lab.js';
import { aborted, Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });
const request: TaskRequest = requestFor(one);

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(one);
});

afterEach(() => lab.close());

/** Until the lease of the task's step ends so much later than it did when the step was started, or it is held no more. */
async function untilExtended(taskUuid: string, seconds: number): Promise<void> {
  await until(`the lease has been extended for ${seconds} s`, async () => {
    const rows = await lab.rows(
      `SELECT FROM tasker.steps WHERE task_uuid = $1
        AND (state <> 2 OR lease_until > started_at + make_interval(secs => coalesce(lease_seconds, 1) + $2))`,
      [taskUuid, seconds],
    );
    return rows.length > 0;
  });
}

describe('A step that takes longer than its lease', () => {
  it('is not lost while its worker lives', async () => {
    const goOn = new Happening();
    const { client } = await lab.worker({
      settings: { leaseSeconds: 1 },
      handlers: { work: () => goOn.happened.then(() => 'done') },
    });
    const { taskUuid } = await client.submit(request);
    await untilExtended(taskUuid, 3);
    goOn.happen();
    expect(await client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 1, lostCount: 0 }],
    });
  });

  it('is not lost where its task asked for a much shorter lease than the worker’s', async () => {
    const goOn = new Happening();
    const { client } = await lab.worker({
      settings: { leaseSeconds: 3600 },
      handlers: { work: () => goOn.happened.then(() => 'done') },
    });
    const patient = await client.submit(request);
    await until(
      'the patient one runs',
      async () => (await client.get(patient.taskUuid)).inProgressSteps === 1,
    );
    const { taskUuid } = await client.submit({ ...request, claimTimeoutSeconds: 1 });
    await untilExtended(taskUuid, 3);
    goOn.happen();
    for (const task of [patient.taskUuid, taskUuid]) {
      expect(await client.waitFor(task)).toMatchObject({
        status: 'complete',
        steps: [{ attempts: 1, lostCount: 0 }],
      });
    }
  });

  it('is not lost where handlers have taken every connection of the pool', async () => {
    const started = new Happening();
    const goOn = new Happening();
    const worker = await lab.worker({
      settings: { leaseSeconds: 1, poolSize: 4 },
      handlers: {
        work: () => {
          started.happen();
          return goOn.happened.then(() => 'done');
        },
      },
    });
    const { taskUuid } = await worker.client.submit(request);
    await started.happened;
    const database = worker.app.get(Database);
    const taken = await Promise.all([1, 2, 3, 4].map(() => database.acquire()));
    await untilExtended(taskUuid, 3);
    for (const connection of taken) connection.release();
    goOn.happen();
    expect(await worker.client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ lostCount: 0 }],
    });
  });

  it('is not lost where the connection that keeps its lease breaks', async () => {
    const goOn = new Happening();
    const { client } = await lab.worker({
      settings: { leaseSeconds: 2 },
      handlers: { work: () => goOn.happened.then(() => 'done') },
    });
    const { taskUuid } = await client.submit(request);
    await untilExtended(taskUuid, 0);
    await lab.rows(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tasker-nest lease keeper%'`,
    );
    await untilExtended(taskUuid, 4);
    goOn.happen();
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete', steps: [{ lostCount: 0 }] });
  });
});

describe('An attempt that has lost its step', () => {
  it('hears of it by its heartbeat, and its late answer changes nothing', async () => {
    const firstRuns = new Happening();
    const heard = new Happening<unknown>();
    const secondMayEnd = new Happening();
    const worker = await lab.worker({
      settings: { leaseSeconds: 60 },
      handlers: {
        work: async (step) => {
          if (step.workflowStep.lostCount === 1) {
            await secondMayEnd.happened;
            return 'second';
          }
          await step.heartbeat();
          firstRuns.happen();
          await until('the step was given to somebody else', async () => {
            const [row] = await lab.rows('SELECT FROM tasker.steps WHERE lost_count = 1 AND state = 2');
            return row;
          });
          heard.happen(await step.heartbeat().catch((error: unknown) => error));
          return 'first, too late';
        },
      },
    });
    const { taskUuid } = await worker.client.submit(request);
    await firstRuns.happened;
    await lab.clock.advance(61_000);
    expect(await heard.happened).toMatchObject({ code: 'LEASE_LOST' });
    secondMayEnd.happen();
    expect(await worker.client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 1, lostCount: 1, results: { result: 'second' } }],
    });
  });

  it('without knowing it is refused, counted, and changes nothing', async () => {
    const firstRuns = new Happening();
    const goOn = new Happening();
    const worker = await lab.worker({
      settings: { leaseSeconds: 3600 },
      handlers: {
        work: async (step) => {
          if (step.workflowStep.lostCount === 1) return 'second';
          firstRuns.happen();
          await goOn.happened;
          return 'first, too late';
        },
      },
    });
    const { taskUuid } = await worker.client.submit(request);
    await firstRuns.happened;
    await lab.clock.advance(3_601_000);
    const done = await worker.client.waitFor(taskUuid);
    goOn.happen();
    const statistics = worker.app.get(WorkerStatistics);
    await until('the late answer is refused', () => statistics.refused === 1);
    expect(done.steps).toMatchObject([{ lostCount: 1, results: { result: 'second' } }]);
    expect(await worker.client.get(taskUuid)).toEqual(done);
  });

  it('because its task was cancelled is told so by its signal, and can’t revive the task', async () => {
    const started = new Happening();
    const reason = new Happening<unknown>();
    const { client } = await lab.worker({
      settings: { leaseSeconds: 1 },
      handlers: {
        work: async (step) => {
          started.happen();
          reason.happen(await aborted(step.signal));
          return 'too late';
        },
      },
    });
    const { taskUuid } = await client.submit(request);
    await started.happened;
    await client.cancel(taskUuid, { reason: 'changed my mind', by: 'me' });
    expect(await reason.happened).toMatchObject({ code: 'LEASE_LOST' });
    const second = await client.submit(request);
    await until('the next task runs', async () => (await client.get(second.taskUuid)).inProgressSteps === 1);
    expect(await client.get(taskUuid)).toMatchObject({
      status: 'cancelled',
      steps: [{ state: 'cancelled' }],
    });
    await client.cancel(second.taskUuid);
  });
});
