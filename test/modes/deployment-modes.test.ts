import { afterEach, describe, expect, it } from '@jest/globals';
import type { WorkerHandle } from '../../src/index.js';
import { PostgresListener } from '../../src/notifications/index.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const CHAIN = workflow('chain', {
  first: {},
  left: { dependencies: ['first'] },
  right: { dependencies: ['first'] },
  last: { dependencies: ['left', 'right'] },
});

const HANDLERS = {
  first: () => 1,
  left: () => 2,
  right: () => 3,
  last: ({ dependencyResults }: { dependencyResults: object }) => ({ ...dependencyResults }),
};

/** Runs tasks that one process accepts and others work on. */
async function runAll(api: WorkerHandle, count: number): Promise<readonly string[]> {
  const requests = Array.from({ length: count }, () => requestFor(CHAIN));
  const outcomes = await api.client.submitMany(requests);
  return Promise.all(
    outcomes.map(async (outcome) => {
      if ('error' in outcome) throw outcome.error;
      const task = await api.client.waitFor(outcome.taskUuid);
      return `${task.status} ${task.completedSteps}`;
    }),
  );
}

describe('how a worker learns of work', () => {
  let lab: Lab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  it.each([
    { deploymentModeHint: 'Hybrid' },
    { deploymentModeHint: 'EventDrivenOnly' },
    { deploymentModeHint: 'PollingOnly' },
    { deploymentModeHint: 'event_driven_only' },
    { eventDrivenEnabled: false },
  ] as const)('completes everything with %j', async (mode) => {
    lab = await Lab.open(CHAIN);
    const api = await lab.worker({ handlers: HANDLERS, settings: { role: 'api' } });
    await lab.worker({ handlers: HANDLERS, ...mode });
    expect(new Set(await runAll(api, 20))).toEqual(new Set(['complete 4']));
  });

  it('completes everything although no notification ever arrives, and says so', async () => {
    lab = await Lab.open(CHAIN);
    const api = await lab.worker({ handlers: HANDLERS, settings: { role: 'api' } });
    await lab.rows(
      `CREATE OR REPLACE FUNCTION tasker.notify(p_channel text, p_payload text) RETURNS void
       LANGUAGE plpgsql AS $$ BEGIN NULL; END $$`,
    );
    const worker = await lab.worker({ handlers: HANDLERS, enableWebApi: true });
    expect(new Set(await runAll(api, 20))).toEqual(new Set(['complete 4']));
    expect(worker.app.get(PostgresListener).state).not.toBe('listening');

    const answer = await fetch(`${worker.url}/health/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'ready',
      checks: { queue_processing: { status: 'degraded' } },
    });
  });

  it('connects again when its listening connection is ended, and finds what it missed', async () => {
    lab = await Lab.open(CHAIN);
    const api = await lab.worker({ handlers: HANDLERS, settings: { role: 'api' } });
    const worker = await lab.worker({ handlers: HANDLERS, deploymentModeHint: 'EventDrivenOnly' });
    const listener = worker.app.get(PostgresListener);
    await until('the worker listens', () => listener.state === 'listening');
    await lab.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tasker-nest listener%'`,
    );
    expect(new Set(await runAll(api, 10))).toEqual(new Set(['complete 4']));
    await until('it listens again', () => listener.state === 'listening');
    expect(new Set(await runAll(api, 10))).toEqual(new Set(['complete 4']));
  });

  it('takes a flood of notifications with any payload for what they are: hints', async () => {
    lab = await Lab.open(CHAIN);
    const worker = await lab.worker({ handlers: HANDLERS });
    await until('the worker listens', () => worker.app.get(PostgresListener).state === 'listening');
    await lab.rows(
      `SELECT pg_notify(channel, repeat(chr(33 + n % 90), 1 + n % 300))
       FROM generate_series(1, 5000) n, unnest(ARRAY['tasker_ready', 'tasker_tasks', 'tasker_events']) channel`,
    );
    expect(new Set(await runAll(worker, 20))).toEqual(new Set(['complete 4']));
  });

  it('runs nothing in the role api, and serves no API in the role worker', async () => {
    lab = await Lab.open(CHAIN);
    const api = await lab.worker({ settings: { role: 'api' }, enableWebApi: true });
    const { taskUuid } = await api.client.submit(requestFor(CHAIN));
    expect((await fetch(`${api.url}/health/ready`)).status).toBe(200);
    expect((await api.client.get(taskUuid)).status).toBe('pending');

    const worker = await lab.worker({ handlers: HANDLERS, settings: { role: 'worker' }, enableWebApi: true });
    expect((await fetch(`${worker.url}/v1/tasks/${taskUuid}`)).status).toBe(404);
    expect((await fetch(`${worker.url}/health/live`)).status).toBe(200);

    // The answer that the API process holds is given when the worker process has completed the task.
    const held = await fetch(`${api.url}/v1/tasks/${taskUuid}?wait_seconds=30`);
    expect(await held.json()).toMatchObject({ status: 'complete', completed_steps: 4 });
  });
});
