import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { workflow } from '../support/workflows.js';

const CHECK = {
  status: expect.stringMatching(/^(healthy|degraded|unhealthy)$/),
  message: expect.any(String),
  duration_ms: expect.any(Number),
  last_checked: expect.stringMatching(/^\d{4}-.*Z$/),
};

const READINESS_CHECKS = [
  'web_database',
  'orchestration_database',
  'circuit_breaker',
  'orchestration_system',
  'command_processor',
  'database',
  'queue_processing',
];

const DETAILED_CHECKS = [
  ...READINESS_CHECKS,
  'pool_utilization',
  'queue_depth',
  'channel_saturation',
  'event_system',
  'step_processing',
  'circuit_breakers',
];

function checks(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, CHECK]));
}

describe('health', () => {
  let lab: Lab;
  let worker: WorkerHandle;

  beforeAll(async () => {
    lab = await Lab.open(workflow('easy', { only: {} }));
    worker = await lab.worker({ handlers: { only: () => 1 }, workerId: 'worker-7', enableWebApi: true });
  });

  afterAll(async () => {
    await lab.close();
  });

  async function ask(
    path: string,
  ): Promise<{ readonly code: number; readonly body: Record<string, unknown> }> {
    const answer = await fetch(`${worker.url}${path}`);
    const body: unknown = await answer.json();
    return { code: answer.status, body: { ...Object(body) } };
  }

  it.each([
    ['/health', 'healthy'],
    ['/health/live', 'alive'],
  ])('%s says that the process is %s', async (path, status) => {
    expect(await ask(path)).toEqual({
      code: 200,
      body: { status, timestamp: expect.stringMatching(/^\d{4}-.*Z$/), worker_id: 'worker-7' },
    });
  });

  it.each([
    ['/health/ready', 'ready', READINESS_CHECKS],
    ['/health/detailed', 'healthy', DETAILED_CHECKS],
  ])('%s says that the service is %s, check by check', async (path, status, names) => {
    const { code, body } = await until('notifications arrive', async () => {
      const answer = await ask(path);
      return JSON.stringify(answer.body).includes('degraded') ? null : answer;
    });
    expect(code).toBe(200);
    expect(body).toEqual({
      status,
      timestamp: expect.any(String),
      worker_id: 'worker-7',
      checks: checks(names),
      info: {
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        environment: 'development',
        operational_state: 'normal',
        web_database_pool_size: 10,
        orchestration_database_pool_size: 10,
        circuit_breaker_state: 'closed',
      },
      system_info: {
        version: expect.any(String),
        environment: 'development',
        uptime_seconds: expect.any(Number),
        worker_type: 'typescript',
        database_pool_size: 10,
        command_processor_active: true,
        supported_namespaces: ['lab'],
      },
    });
  });

  it('is not ready on a schema that is newer than this release, and claims nothing there', async () => {
    await lab.rows(`CREATE OR REPLACE FUNCTION tasker.schema_version() RETURNS integer
                    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 999 $$`);
    const { code, body } = await until('the worker has noticed', async () => {
      const answer = await ask('/health/ready');
      return answer.code === 503 && answer;
    });
    expect(code).toBe(503);
    expect(body).toMatchObject({
      status: 'not_ready',
      checks: {
        command_processor: { status: 'unhealthy', message: expect.stringContaining('newer than version') },
      },
      system_info: { command_processor_active: false },
    });
    expect((await ask('/health/live')).code).toBe(200);
  });
});
