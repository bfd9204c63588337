import process from 'node:process';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { aborted, Happening, until } from '../support/until.js';
import { Lab } from '../support/lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });

let lab: Lab;
let proxy: TcpProxy;

beforeEach(async () => {
  lab = await Lab.open(one);
  proxy = await TcpProxy.before(lab.databaseUrl);
});

afterEach(async () => {
  proxy.open();
  await lab.close();
  await proxy.end();
});

/** Of this process, for SIGTERM and SIGINT. */
function listeners(): readonly number[] {
  return (['SIGTERM', 'SIGINT'] as const).map((signal) => process.listenerCount(signal));
}

async function eventKinds(): Promise<readonly unknown[]> {
  const rows = await lab.rows(
    'SELECT kind FROM tasker.events WHERE step_index IS NOT NULL ORDER BY event_id',
  );
  return rows.map(({ kind }): unknown => kind);
}

describe('Stopping a worker', () => {
  it('tells the handler that it is handed back when the deadline has passed', async () => {
    const started = new Happening();
    const reason = new Happening<unknown>();
    const worker = await lab.worker({
      settings: { shutdownTimeoutSeconds: 0 },
      handlers: {
        work: async (step) => {
          started.happen();
          reason.happen(await aborted(step.signal));
          return 'too late';
        },
      },
    });
    await worker.client.submit(requestFor(one));
    await started.happened;
    await worker.stop();
    expect(await reason.happened).toMatchObject({ code: 'SHUTDOWN' });
    expect(await eventKinds()).toEqual([5]);
  });

  it('lets a step end that runs alone because it lost its workers', async () => {
    const started = new Happening();
    const goOn = new Happening();
    const nobody = await lab.worker({ settings: { role: 'api' } });
    const { taskUuid } = await nobody.client.submit(requestFor(one));
    await lab.rows('UPDATE tasker.steps SET state = 8, lost_count = 2 WHERE task_uuid = $1', [taskUuid]);
    const worker = await lab.worker({
      handlers: {
        work: async () => {
          started.happen();
          await goOn.happened;
          return 'done';
        },
      },
    });
    await started.happened;
    const stopped = worker.stop();
    // Whatever the stop does at once has been done when a statement that came later is answered.
    await nobody.client.get(taskUuid);
    goOn.happen();
    await stopped;
    expect(await nobody.client.get(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 1, lostCount: 2 }],
    });
    expect(await eventKinds()).toEqual([1]);
  });

  it('comes to an end although the database is away, with steps claimed that have not started', async () => {
    const started = new Happening();
    const worker = await lab.worker({
      settings: { databaseUrl: proxy.url, shutdownTimeoutSeconds: 1 },
      handlers: {
        work: () => {
          const busyUntil = performance.now() + 10;
          while (performance.now() < busyUntil);
          started.happen();
          return new Promise(() => undefined);
        },
      },
    });
    await worker.client.submitMany(Array.from({ length: 50 }, () => requestFor(one)));
    await started.happened;
    proxy.close();
    await worker.stop();
    const [{ held } = {}] = await lab.rows('SELECT count(*)::int AS held FROM tasker.steps WHERE state = 2');
    expect(held).toBeGreaterThan(0);
  });

  it('comes to an end although its connections lead nowhere any more', async () => {
    const worker = await lab.worker({
      settings: { databaseUrl: proxy.url, shutdownTimeoutSeconds: 0, pollIntervalMs: 3_600_000 },
      handlers: { work: () => 1 },
    });
    const { taskUuid } = await worker.client.submit(requestFor(one));
    await worker.client.waitFor(taskUuid);
    proxy.silence();
    await worker.stop();
  });

  it('is done once, however often it is asked for', async () => {
    const worker = await lab.worker({ handlers: { work: () => 1 } });
    await Promise.all([worker.stop(), worker.stop()]);
    await worker.stop();
    await until('its connections are closed', async () => {
      const left = await lab.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tasker-nest%'",
      );
      return left.length === 0;
    });
    await expect(worker.client.submit(requestFor(one))).rejects.toMatchObject({ code: 'DATABASE_CLOSED' });
  });

  it('gives the signals back to a process that goes on, and so does a start that failed', async () => {
    const before = listeners();
    const worker = await lab.worker({ handlers: { work: () => 1 }, handleSignals: true });
    for (const [index, count] of listeners().entries()) expect(count).toBeGreaterThan(before[index] ?? 0);
    await worker.stop();
    expect(listeners()).toEqual(before);

    await expect(lab.worker({ handlers: {}, handleSignals: true })).rejects.toMatchObject({
      code: 'HANDLERS_MISSING',
    });
    expect(listeners()).toEqual(before);
  });
});
