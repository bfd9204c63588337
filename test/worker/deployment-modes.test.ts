import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { WorkerBootstrapConfig, WorkerHandle } from '../../src/index.js';
import { PostgresListener } from '../../src/notifications/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const diamond = workflow('diamond', {
  top: {},
  left: { dependencies: ['top'] },
  right: { dependencies: ['top'], retry: { max_attempts: 3, backoff: 'linear', backoff_base_ms: 20 } },
  bottom: { dependencies: ['left', 'right'] },
});
const other = workflow('other', { top: {} });

const handlers = {
  top: () => 1,
  left: () => 2,
  right: (step: { workflowStep: { attempt: number } }) => {
    if (step.workflowStep.attempt < 3) throw new Error('not yet');
    return 3;
  },
  bottom: () => 4,
};

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(diamond, other);
});

afterEach(() => lab.close());

function listenerOf(worker: WorkerHandle): PostgresListener {
  return worker.app.get(PostgresListener);
}

async function untilListening(worker: WorkerHandle): Promise<void> {
  await until('it listens', () => listenerOf(worker).state === 'listening');
}

async function expectComplete(submitter: WorkerHandle, count = 5): Promise<void> {
  const tasks = await Promise.all(
    Array.from({ length: count }, async () => {
      const { taskUuid } = await submitter.client.submit(requestFor(diamond));
      return submitter.client.waitFor(taskUuid);
    }),
  );
  for (const task of tasks) expect(task).toMatchObject({ status: 'complete', completedSteps: 4 });
}

describe('Work that another process submits is done', () => {
  it.each<WorkerBootstrapConfig>([
    { deploymentModeHint: 'hybrid' },
    { deploymentModeHint: 'event_driven_only' },
    { deploymentModeHint: 'polling_only' },
    { deploymentModeHint: 'Hybrid' },
    { deploymentModeHint: 'EventDrivenOnly' },
    { deploymentModeHint: 'PollingOnly' },
    { eventDrivenEnabled: false },
  ])('with %j', async (mode) => {
    const worker = await lab.worker({ ...mode, handlers });
    const polling = mode.eventDrivenEnabled === false || /poll/i.test(mode.deploymentModeHint ?? '');
    if (polling) expect(listenerOf(worker).state).toBe('off');
    else await untilListening(worker);
    await expectComplete(await lab.worker({ settings: { role: 'api' } }));
  });

  it('although it was offered to a process that has no slot left for it, and nobody polls', async () => {
    const goOn = new Happening();
    const busy = await lab.worker({
      deploymentModeHint: 'event_driven_only',
      handlers: { ...handlers, top: () => goOn.happened.then(() => 1) },
      settings: { maxConcurrency: 1 },
    });
    const idle = await lab.worker({
      deploymentModeHint: 'event_driven_only',
      handlers: { ...handlers, top: () => goOn.happen() ?? 1 },
    });
    await untilListening(idle);
    // One slot, and one step of either template: both are offered before either is claimed.
    const outcomes = await busy.client.submitMany([requestFor(diamond), requestFor(other)]);
    for (const outcome of outcomes) {
      if ('error' in outcome) throw outcome.error;
      expect(await busy.client.waitFor(outcome.taskUuid)).toMatchObject({ status: 'complete' });
    }
  });
});

describe('Where notifications do not arrive', () => {
  it('everything is done by polling, and the service is ready, degraded', async () => {
    const api = await lab.worker({ deploymentModeHint: 'polling_only', settings: { role: 'api' } });
    await lab.rows(
      'CREATE OR REPLACE FUNCTION tasker.notify(p_channel text, p_payload text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$',
    );
    const worker = await lab.worker({ handlers, enableWebApi: true });
    await expectComplete(api);
    expect(listenerOf(worker).state).not.toBe('listening');
    expect(await ask(worker.url ?? '', '/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { queue_processing: { status: 'degraded' } } },
    });
    expect(await ask(worker.url ?? '', '/health/detailed')).toMatchObject({
      status: 200,
      body: { status: 'degraded' },
    });
  });

  it('because the listening connection was ended, it is made anew, and nothing is missed', async () => {
    const worker = await lab.worker({ handlers, deploymentModeHint: 'event_driven_only' });
    const api = await lab.worker({ settings: { role: 'api' } });
    await untilListening(worker);
    for (let round = 0; round < 3; round += 1) {
      const ended = await lab.rows(
        `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'tasker-nest listener%'`,
      );
      expect(ended).toHaveLength(2);
      await expectComplete(api, 2);
      await untilListening(worker);
    }
  });

  it('but nonsense does, thousands of times over, it does no harm', async () => {
    const worker = await lab.worker({ handlers });
    await untilListening(worker);
    const goOn = new Happening();
    const slow = await lab.worker({ handlers: { ...handlers, bottom: () => goOn.happened.then(() => 4) } });
    await worker.stop();
    const { taskUuid } = await slow.client.submit(requestFor(diamond));
    const waiting = Array.from({ length: 200 }, () => slow.client.waitFor(taskUuid));
    for (const payload of ["'garbage '", "''", "repeat('x', 7000)", "'a b,c,-,'", "E'\\n\\t \\u2028'"]) {
      await lab.rows(
        `SELECT pg_notify(channel, ${payload} || n) FROM generate_series(1, 1000) n,
           (VALUES ('tasker_ready'), ('tasker_tasks'), ('tasker_events'), ('tasker_nowhere')) AS c (channel)`,
      );
    }
    goOn.happen();
    for (const task of await Promise.all(waiting)) expect(task.status).toBe('complete');
  });
});
