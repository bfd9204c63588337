import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { WorkerHandle } from '../../src/index.js';
import { PostgresListener } from '../../src/notifications/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });

const text: unknown = expect.any(String);
const count: unknown = expect.any(Number);
const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const healthy: unknown = { status: 'healthy', message: text, duration_ms: count, last_checked: time };

const READINESS = [
  'web_database',
  'orchestration_database',
  'circuit_breaker',
  'orchestration_system',
  'command_processor',
  'database',
  'queue_processing',
];
const DETAILED = [
  ...READINESS,
  'pool_utilization',
  'queue_depth',
  'channel_saturation',
  'event_system',
  'step_processing',
  'circuit_breakers',
];

let lab: Lab;
let worker: WorkerHandle;
let goOn: Happening;
let started: Happening;

beforeEach(async () => {
  goOn = new Happening();
  started = new Happening();
  lab = await Lab.open(one);
  worker = await lab.worker({
    workerId: 'the worker',
    enableWebApi: true,
    settings: { environment: 'staging', poolSize: 7 },
    handlers: {
      work: async () => {
        started.happen();
        await goOn.happened;
        return 1;
      },
    },
  });
  await until('it listens', () => worker.app.get(PostgresListener).state === 'listening');
});

afterEach(async () => {
  goOn.happen();
  await lab.close();
});

function reportOf(status: string, checks: readonly string[]): unknown {
  return {
    status,
    timestamp: time,
    worker_id: 'the worker',
    checks: Object.fromEntries(checks.map((check) => [check, healthy])),
    info: {
      version: text,
      environment: 'staging',
      operational_state: 'normal',
      web_database_pool_size: 7,
      orchestration_database_pool_size: 7,
      circuit_breaker_state: 'closed',
    },
    system_info: {
      version: text,
      environment: 'staging',
      uptime_seconds: count,
      worker_type: text,
      database_pool_size: 7,
      command_processor_active: true,
      supported_namespaces: ['lab'],
    },
  };
}

describe('Health is told', () => {
  it.each([
    ['/health', 'healthy'],
    ['/health/live', 'alive'],
  ])('by %s in short', async (path, status) => {
    expect(await ask(worker.url ?? '', path)).toEqual({
      status: 200,
      body: { status, timestamp: time, worker_id: 'the worker' },
    });
  });

  it.each([
    ['/health/ready', 'ready', READINESS],
    ['/health/detailed', 'healthy', DETAILED],
  ])('by %s with every check', async (path, status, checks) => {
    expect(await ask(worker.url ?? '', path)).toEqual({ status: 200, body: reportOf(status, checks) });
  });

  it('as not ready, but alive, while the service shuts down', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(one));
    await started.happened;
    const stopped = worker.stop();
    expect(await ask(worker.url ?? '', '/health/ready')).toMatchObject({
      status: 503,
      body: {
        status: 'not_ready',
        checks: {
          database: { status: 'healthy' },
          command_processor: { status: 'unhealthy', message: expect.stringContaining('shutting down') },
        },
        info: { operational_state: expect.stringContaining('shutting down') },
        system_info: { command_processor_active: false },
      },
    });
    expect(await ask(worker.url ?? '', '/health/live')).toMatchObject({ status: 200 });
    expect(await ask(worker.url ?? '', `/v1/tasks/${taskUuid}`)).toMatchObject({
      status: 200,
      body: { in_progress_steps: 1 },
    });
    goOn.happen();
    await stopped;
  });
});
