import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { BacklogMonitor } from '../../src/backlog/index.js';
import { BackpressureError } from '../../src/index.js';
import { ApiLab, REQUEST } from '../api/api-lab.js';
import { expectContract } from '../contract/contract.js';
import { requestFor, workflow } from '../support/workflows.js';

const job = workflow('endless', { stay: {} });
const MOST = 5;

let api: ApiLab;
let monitor: BacklogMonitor;

beforeEach(async () => {
  // Nobody runs anything, so that what is submitted waits.
  api = await ApiLab.start({ settings: { role: 'api', maxBacklog: MOST } }, job);
  monitor = api.worker.app.get(BacklogMonitor);
});

afterEach(() => api.stop());

/** Looks anew, however young the last look is. */
async function look(): Promise<void> {
  await api.lab.rows('UPDATE tasker.queue_sample SET took_ms = 0');
  await monitor.look(0);
}

async function fill(count: number): Promise<void> {
  await api.worker.client.submitMany(Array.from({ length: count }, () => requestFor(job)));
  await look();
}

describe('Past TASKER_MAX_BACKLOG', () => {
  it('tasks are taken up to the limit', async () => {
    await fill(MOST);
    expect(monitor.backlog).toMatchObject({ ready: MOST, capped: false });
    await api.post(REQUEST).expect(200);
  });

  it('HTTP answers 503 with Retry-After, and nothing is stored', async () => {
    await fill(MOST + 1);
    expect(monitor.backlog).toMatchObject({ ready: MOST, capped: true });
    const before = await api.countTasks();
    const answer = await api.post(REQUEST).expect(503);
    expectContract('ErrorResponse', answer.body);
    expect(answer.body.error).toMatchObject({ code: 'BACKPRESSURE', retry_after_seconds: 5 });
    expect(answer.headers['retry-after']).toBe('5');
    const batch = await api.post({ tasks: [REQUEST, REQUEST] }, '/v1/tasks/batch').expect(503);
    expectContract('ErrorResponse', batch.body);
    expect(batch.body.error).toMatchObject({ code: 'BACKPRESSURE', retry_after_seconds: 5 });
    expect(batch.headers['retry-after']).toBe('5');
    expect(await api.countTasks()).toBe(before);
    await api.get('/v1/tasks').expect(200);
  });

  it('a batch that begins below it is taken whole, in one transaction', async () => {
    const tasks = Array.from({ length: 300 }, (_, n) => ({ ...REQUEST, context: { n } }));
    await api.post({ tasks }, '/v1/tasks/batch').expect(200);
    const [stored] = await api.lab.rows(
      'SELECT count(*)::integer AS tasks, count(DISTINCT xmin::text)::integer AS transactions FROM tasker.tasks',
    );
    expect(stored).toEqual({ tasks: tasks.length, transactions: 1 });
  });

  it('code in the process gets a BackpressureError; what it accepted itself counts at once', async () => {
    for (let n = 0; n <= MOST; n += 1) await api.worker.client.submit(requestFor(job));
    const failure: unknown = await api.worker.client.submit(requestFor(job)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackpressureError);
    expect(failure).toMatchObject({ retryAfterSeconds: 5 });
  });

  it('tasks are taken again once the backlog has gone', async () => {
    await fill(MOST + 1);
    await api.post(REQUEST).expect(503);
    const { body } = await api.get('/v1/tasks?per_page=100').expect(200);
    for (const { task_uuid } of body.tasks) await api.delete(`/v1/tasks/${task_uuid}`).expect(200);
    await look();
    await api.post(REQUEST).expect(200);
  });

  it('a process with a higher limit takes what one with a lower limit refuses', async () => {
    await fill(MOST + 1);
    await api.post(REQUEST).expect(503);
    const { client, app } = await api.lab.worker({
      handlers: {},
      settings: { role: 'api', maxBacklog: 2 * MOST },
    });
    await app.get(BacklogMonitor).look(3_600_000);
    await client.submit(requestFor(job));
  });

  it('the sample says since when the first step waits, and is shared', async () => {
    await fill(2);
    await api.lab.clock.advance(60_000);
    await look();
    expect(monitor.backlog.oldestAgeMs).toBeGreaterThanOrEqual(60_000);
    const [row] = await api.lab.rows('SELECT tasker.queue_depth() AS depth');
    expect(row).toEqual({ depth: 2 });
    // Younger than the interval: looked at, not taken anew.
    await api.worker.client.submit(requestFor(job));
    await monitor.look(3_600_000);
    expect(monitor.backlog.ready).toBe(2);
  });

  it('an empty queue is looked at every second time, one that holds something every time', async () => {
    await look();
    const idle = [await monitor.lookInTurn(), await monitor.lookInTurn(), await monitor.lookInTurn()];
    expect(new Set(idle)).toEqual(new Set([true, false]));
    expect(idle[2]).toBe(idle[0]);
    await fill(1);
    expect([await monitor.lookInTurn(), await monitor.lookInTurn()]).toEqual([true, true]);
  });
});
