import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { TaskClient } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { WorkerProcess } from '../support/worker-process.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const holding = workflow('holding', { hold: {} });

let lab: Lab;
let client: TaskClient;

beforeEach(async () => {
  lab = await Lab.open(holding);
  await WorkerProcess.prepare(lab);
  ({ client } = await lab.worker({ settings: { role: 'api' } }));
});

afterEach(async () => {
  await Program.killAll();
  await lab.close();
});

async function eventKinds(): Promise<readonly unknown[]> {
  const rows = await lab.rows(
    'SELECT kind FROM tasker.events WHERE step_index IS NOT NULL ORDER BY event_id',
  );
  return rows.map(({ kind }): unknown => kind);
}

/** Until the worker has told the database, or nobody, that it is on its way out: it takes no new work. */
async function untilReadinessIsGone(url: string | null): Promise<void> {
  await until('the worker is not ready any more', async () => {
    const answer = await fetch(new URL('/health/ready', url ?? '')).catch(() => null);
    return answer === null || answer.status === 503;
  });
}

describe('A worker that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s lets running steps end, takes no new ones, and exits with 0',
    async (signal) => {
      const worker = await WorkerProcess.start(lab, { enableWebApi: true });
      const running = await Promise.all([1, 2, 3].map(() => client.submit(requestFor(holding))));
      await worker.working(3);
      worker.program.signal(signal);
      await untilReadinessIsGone(worker.url);
      const late = await client.submit(requestFor(holding));
      // Neither does another signal hurry it.
      worker.program.signal(signal);
      worker.letGo();

      expect(await worker.program.exited).toEqual({ code: 0, signal: null });
      for (const { taskUuid } of running) {
        expect(await client.get(taskUuid)).toMatchObject({
          status: 'complete',
          steps: [{ attempts: 1, lostCount: 0, results: { result: worker.pid } }],
        });
      }
      expect(await client.get(late.taskUuid)).toMatchObject({ steps: [{ state: 'enqueued', attempts: 0 }] });
      expect(await eventKinds()).toEqual([1, 1, 1]);
    },
  );

  it('hands back what has not ended by the deadline, unspent, and exits with 0', async () => {
    const worker = await WorkerProcess.start(lab, { settings: { shutdownTimeoutSeconds: 1 } });
    const { taskUuid } = await client.submit(requestFor(holding));
    await worker.working();
    worker.program.signal('SIGTERM');
    expect(await worker.program.exited).toEqual({ code: 0, signal: null });
    expect(await client.get(taskUuid)).toMatchObject({
      steps: [{ state: 'enqueued', attempts: 0, lostCount: 0 }],
    });
    expect(await eventKinds()).toEqual([5]);

    const next = await WorkerProcess.start(lab);
    expect(await next.working()).toMatchObject([{ taskUuid, attempt: 1 }]);
    next.letGo();
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete', steps: [{ attempts: 1 }] });
  });

  it('before it has anything to do exits with 0', async () => {
    const worker = await WorkerProcess.start(lab);
    worker.program.signal('SIGTERM');
    expect(await worker.program.exited).toEqual({ code: 0, signal: null });
    const left = await lab.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%-${worker.pid}'`,
    );
    expect(left).toEqual([]);
  });
});
