import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { WorkerSettings } from '../../src/config/index.js';
import { PermanentStepError } from '../../src/index.js';
import { ApiLab } from '../api/api-lab.js';
import { expectContract } from '../contract/contract.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

const good = workflow('good', { give: { publishes_events: [{ name: 'given' }] } });
const bad = workflow('bad', { break: {} });

let api: ApiLab;

beforeAll(async () => {
  api = await ApiLab.start(
    {
      handlers: {
        give: () => 1,
        break: () => {
          throw new PermanentStepError('no');
        },
      },
    },
    good,
    bad,
  );
});

afterAll(() => api.stop());

async function numbers(): Promise<Readonly<Record<string, number>>> {
  const { body } = await api.get('/metrics/worker').expect(200);
  expectContract('WorkerMetrics', body);
  const metrics: Readonly<Record<string, { readonly value: number }>> = body.metrics;
  return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
}

/** By how much the numbers have moved. */
async function moved(act: () => Promise<unknown>): Promise<(name: string) => number> {
  const before = await numbers();
  await act();
  const after = await numbers();
  return (name) => (after[`tasker_${name}`] ?? Number.NaN) - (before[`tasker_${name}`] ?? Number.NaN);
}

async function run(of: typeof good): Promise<void> {
  const { body } = await api.post(requestFor(of)).expect(200);
  await api.get(`/v1/tasks/${body.task_uuid}?wait_seconds=60`).expect(200);
}

describe('GET /metrics', () => {
  it('is Prometheus’s text format, every line of it', async () => {
    await run(good);
    const { text, headers } = await api.get('/metrics').expect(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = text.split('\n').filter((line) => line !== '');
    const sample =
      /^[a-z_:][\w:]*(?:\{[a-z_]\w*="(?:[^"\\]|\\.)*"(?:,[a-z_]\w*="(?:[^"\\]|\\.)*")*\})? (?:-?[\d.e+-]+|NaN|[+-]?Inf)$/i;
    for (const line of lines) expect(line).toMatch(line.startsWith('#') ? /^# (?:HELP|TYPE) \w+ \S/ : sample);
    const series = lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(series).size).toBe(series.length);
    for (const name of [
      'tasker_worker_steps_claimed_total',
      'tasker_worker_claim_batch_size_bucket',
      'tasker_worker_completion_batch_size_sum',
      'tasker_queue_depth',
      'tasker_queue_oldest_ready_seconds',
      'tasker_worker_slots',
      'tasker_worker_listening',
      'tasker_database_pool_size',
      'nodejs_eventloop_lag_seconds',
      'tasker_process_event_loop_utilization',
      'tasker_worker_step_seconds_count{namespace="lab",step="give",outcome="succeeded"}',
      'tasker_http_request_seconds_count{method="POST",route="/v1/tasks",status="200"}',
    ])
      expect(text).toContain(name);
    expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).not.toMatch(/route="[^"]*[\da-f]{8}-/);
  });
});

describe('GET /metrics/worker', () => {
  it('says of each metric what kind it is and what it counts, and which worker answers', async () => {
    const { body } = await api.get('/metrics/worker').expect(200);
    expectContract('WorkerMetrics', body);
    expect(body.worker_id).toBe(api.worker.app.get(WorkerSettings).workerId);
    expect(body.metrics).toMatchObject({
      tasker_worker_steps_claimed_total: {
        metric_type: 'counter',
        labels: {},
        help: 'Steps that were claimed',
      },
      tasker_queue_depth: { metric_type: 'gauge' },
    });
  });

  it('moves with what happens: submitted, claimed, completed, failed', async () => {
    const good1 = await moved(() => run(good));
    expect([good1('worker_steps_claimed_total'), good1('worker_steps_completed_total')]).toEqual([1, 1]);
    const bad1 = await moved(() => run(bad));
    expect([bad1('worker_steps_failed_total'), bad1('worker_steps_completed_total')]).toEqual([1, 0]);
  });

  it('moves when a worker’s step is lost, and its late answer refused', async () => {
    const { body } = { body: { task_uuid: await api.job() } };
    await until('its step is at work', async () => {
      const task = await api.get(`/v1/tasks/${body.task_uuid}`);
      return task.body.in_progress_steps === 1;
    });
    const late = await moved(async () => {
      await api.delete(`/v1/tasks/${body.task_uuid}`).expect(200);
      // It ends before the next extension of its lease tells it that it is cancelled.
      api.finishJobs();
      await until('its answer has been refused', async () => {
        const now = await numbers();
        return now['tasker_worker_steps_refused_total'] === 1;
      });
    });
    expect(late('worker_steps_refused_total')).toBe(1);
  });

  it('moves when the listening connection is lost', async () => {
    const cut = await moved(async () => {
      await api.lab.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tasker-nest listener%'",
      );
      await until('it listens again', async () => {
        const now = await numbers();
        return (
          (now['tasker_worker_listener_reconnects_total'] ?? 0) > 0 && now['tasker_worker_listening'] === 1
        );
      });
    });
    expect(cut('worker_listener_reconnects_total')).toBe(1);
  });
});

describe('GET /metrics/events', () => {
  it('counts what was published', async () => {
    const before = await api.get('/metrics/events').expect(200);
    expectContract('EventMetrics', before.body);
    await run(good);
    const after = await api.get('/metrics/events').expect(200);
    expect(after.body.router.durable_routed - before.body.router.durable_routed).toBe(1);
  });
});
