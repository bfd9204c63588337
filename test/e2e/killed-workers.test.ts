import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { TaskClient } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { WorkerProcess } from '../support/worker-process.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const holding = workflow('holding', { hold: {}, record: { dependencies: ['hold'] } });
const recording = workflow('recording', {
  record: {},
  again: { handler: { callable: 'record' }, dependencies: ['record'] },
});
const paying = workflow('paying', { pay: {} });
const deadly = workflow('deadly', { die: {} });

let lab: Lab;
let client: TaskClient;

beforeEach(async () => {
  lab = await Lab.open(holding, recording, paying, deadly);
  await WorkerProcess.prepare(lab);
  // Submits, and runs nothing.
  ({ client } = await lab.worker({ settings: { role: 'api' } }));
});

afterEach(async () => {
  await Program.killAll();
  await lab.close();
});

async function submit(of: typeof holding, count: number): Promise<readonly string[]> {
  const submitted = await Promise.all(Array.from({ length: count }, () => client.submit(requestFor(of))));
  return submitted.map(({ taskUuid }) => taskUuid);
}

/** Commits that touch the ledger wait until the test lets them go. */
async function holdCommits(): Promise<() => Promise<void>> {
  await lab.rows(`CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$`);
  await lab.rows(`CREATE CONSTRAINT TRIGGER hold_commit AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hold_commit()`);
  return lab.hold('SELECT pg_advisory_lock(42)');
}

async function backendInCommit(): Promise<number> {
  return until('a commit waits', async () => {
    const [row] = await lab.rows<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%COMMIT' AND wait_event = 'advisory'",
    );
    return row?.pid;
  });
}

describe('A worker that is killed', () => {
  it('in the middle of a step loses nothing: the step ends in another process, its attempts unspent', async () => {
    const victim = await WorkerProcess.start(lab);
    const [taskUuid = ''] = await submit(holding, 1);
    await victim.working();
    const other = await WorkerProcess.start(lab);
    await victim.program.kill();
    await lab.clock.advance(31_000);
    await other.working();
    other.letGo();

    const task = await client.waitFor(taskUuid);
    expect(task).toMatchObject({ status: 'complete', completedSteps: 2 });
    expect(task.steps[0]).toMatchObject({ lostCount: 1, attempts: 1, results: { result: other.pid } });
    expect(task.steps[1]).toMatchObject({ lostCount: 0, attempts: 1 });
    const events = await lab.rows(
      'SELECT kind, attempt FROM tasker.events WHERE step_index = 0 ORDER BY event_id',
    );
    expect(events.map(({ kind }) => Number(kind))).toEqual([4, 1]);
  });

  it('again and again by one and the same step ends that step, and no other', async () => {
    const [victim = ''] = await submit(deadly, 1);
    const neighbours = await submit(recording, 20);
    for (let lost = 1; lost <= 3; lost += 1) {
      const worker = WorkerProcess.launch(lab, { settings: { maxLost: 3 } });
      expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
      await lab.clock.advance(31_000);
    }
    await WorkerProcess.start(lab, { settings: { maxLost: 3 } });
    const task = await client.waitFor(victim);
    expect(task).toMatchObject({
      status: 'blocked_by_failures',
      steps: [
        { state: 'error', lostCount: 3, attempts: 0, results: { metadata: { error_code: 'WORKER_LOST' } } },
      ],
    });
    for (const neighbour of neighbours) {
      const { status, steps } = await client.waitFor(neighbour);
      expect(status).toBe('complete');
      expect(Math.max(...steps.map(({ lostCount }) => lostCount))).toBeLessThan(3);
    }
    expect(await lab.rows("SELECT FROM history WHERE step = 'die'")).toHaveLength(3);
  });
});

describe('A worker that is stopped past its lease', () => {
  it('changes nothing when it goes on: the step belongs to another, and its own answer is too late', async () => {
    const frozen = await WorkerProcess.start(lab);
    const [taskUuid = ''] = await submit(holding, 1);
    await frozen.working();
    frozen.program.signal('SIGSTOP');
    await lab.clock.advance(31_000);
    const other = await WorkerProcess.start(lab);
    await other.working();
    frozen.program.signal('SIGCONT');
    frozen.letGo();
    // It takes work again, so what it had to say of the lost step has been said, or will be refused.
    const [second = ''] = await submit(recording, 1);
    expect(await client.waitFor(second)).toMatchObject({ status: 'complete' });
    expect(await client.get(taskUuid)).toMatchObject({ steps: [{ state: 'in_progress', lostCount: 1 }, {}] });
    other.letGo();

    const task = await client.waitFor(taskUuid);
    expect(task).toMatchObject({ status: 'complete', steps: [{ results: { result: other.pid } }, {}] });
    frozen.program.signal('SIGTERM');
    expect(await frozen.program.exited).toEqual({ code: 0, signal: null });
    expect(await client.get(taskUuid)).toEqual(task);
  });
});

describe('A worker that is killed while the transaction of its step commits', () => {
  it('before it does leaves one effect: that of the next attempt', async () => {
    const letGo = await holdCommits();
    const victim = await WorkerProcess.start(lab);
    const [taskUuid = ''] = await submit(paying, 1);
    const backend = await backendInCommit();
    await victim.program.kill();
    await lab.rows('SELECT pg_terminate_backend($1, 10000)', [backend]);
    await letGo();
    await lab.clock.advance(31_000);
    await WorkerProcess.start(lab);

    const task = await client.waitFor(taskUuid);
    expect(task.steps[0]).toMatchObject({ state: 'complete', lostCount: 1, attempts: 1 });
    expect(await lab.rows('SELECT FROM ledger')).toHaveLength(1);
  });

  it('after it did leaves one effect, and the step is not run again', async () => {
    const letGo = await holdCommits();
    const victim = await WorkerProcess.start(lab);
    const [taskUuid = ''] = await submit(paying, 1);
    await backendInCommit();
    await victim.program.kill();
    await letGo();

    const task = await client.waitFor(taskUuid);
    expect(task.steps[0]).toMatchObject({ state: 'complete', lostCount: 0, attempts: 1 });
    await WorkerProcess.start(lab);
    const [second = ''] = await submit(recording, 1);
    expect(await client.waitFor(second)).toMatchObject({ status: 'complete' });
    expect(await lab.rows('SELECT FROM ledger')).toHaveLength(1);
  });
});

describe('Two processes', () => {
  it('share the work of many tasks, and no step runs twice', async () => {
    const workers = await Promise.all(
      [1, 2].map(() => WorkerProcess.start(lab, { settings: { maxConcurrency: 10 } })),
    );
    const tasks = await submit(recording, 200);
    for (const taskUuid of tasks)
      expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    const runs = await lab.rows<{ pid: number; task_uuid: string; step: string }>(
      'SELECT pid, task_uuid, step FROM history',
    );
    expect(new Set(runs.map((run) => `${run.task_uuid} ${run.step}`)).size).toBe(400);
    expect(runs).toHaveLength(400);
    for (const { pid } of workers) {
      expect(runs.filter((run) => run.pid === pid).length).toBeGreaterThanOrEqual(80);
    }
  });
});
