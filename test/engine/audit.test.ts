import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClaimedStep } from '../../src/engine/index.js';
import { expectConsistent } from './consistency.js';
import { tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain, fan, LONE_STEP } from './graphs.js';
import { failed, failedForGood, succeeded } from './reports.js';

const NOON = new Date('2031-05-05T12:00:00.000Z');

let core: CoreDatabase;
let worker: CoreConnection;
let other: CoreConnection;
let lone: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  [worker, other] = [await core.connection(), await core.connection()];
  lone = await core.template(LONE_STEP);
  await core.clock.freeze(NOON);
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
  await core.clock.freeze(NOON);
});

afterAll(() => core.drop());

function at(seconds: number): Date {
  return new Date(NOON.getTime() + seconds * 1_000);
}

async function claimFrom(connection: CoreConnection): Promise<readonly ClaimedStep[]> {
  return (await connection.claim()).steps;
}

describe('The audit of a task', () => {
  it('has a row for every ended attempt: what came of it, which it was, who ran it, from when to when', async () => {
    const task = await worker.submit({ template_id: lone });
    const act = async (
      slots: CoreConnection,
      end: (by: CoreConnection) => Promise<unknown>,
    ): Promise<void> => {
      await core.clock.advance(1_000);
      await end(slots);
    };
    const once = { backoff: 'linear', base_ms: 500, max_attempts: 2 };

    const first = await claimFrom(worker);
    await act(worker, (by) => by.complete(first.map((step) => failed(step, once, 'first'))));
    await core.clock.advance(500);
    const second = await claimFrom(other);
    await act(other, (by) => by.release(second));
    const third = await claimFrom(worker);
    await core.clock.advance(30_000);
    await act(other, (by) => by.reclaim());
    expect(third).toHaveLength(1);
    const fourth = await claimFrom(other);
    await act(other, (by) => by.complete(fourth.map((step) => failed(step, once, 'last'))));
    await act(other, (by) => by.reset(task, 0));
    const fifth = await claimFrom(worker);
    await act(worker, (by) => by.complete(fifth.map((step) => succeeded(step, 1, { note: 'done' }))));

    const step = { step_index: 0, task_status: null };
    expect(await core.events(task)).toMatchObject([
      {
        ...step,
        kind: 2,
        attempt: 1,
        worker_id: worker.workerId,
        retry_delay_ms: 500,
        started_at: NOON,
        recorded_at: at(1),
        detail: { message: 'first' },
      },
      { ...step, kind: 5, attempt: 2, worker_id: other.workerId, started_at: at(1.5), recorded_at: at(2.5) },
      {
        ...step,
        kind: 4,
        attempt: 2,
        worker_id: worker.workerId,
        started_at: at(2.5),
        recorded_at: at(33.5),
        detail: { error_code: 'WORKER_LOST' },
      },
      {
        ...step,
        kind: 3,
        attempt: 2,
        worker_id: other.workerId,
        retry_delay_ms: null,
        started_at: at(33.5),
        recorded_at: at(34.5),
        detail: { message: 'last' },
      },
      { step_index: null, kind: 9, task_status: 1, recorded_at: at(34.5) },
      { ...step, kind: 6, attempt: null, worker_id: null, detail: { reason: 'again', by: 'a person' } },
      { step_index: null, kind: 9, task_status: 0, recorded_at: at(35.5) },
      {
        ...step,
        kind: 1,
        attempt: 1,
        worker_id: worker.workerId,
        started_at: at(35.5),
        recorded_at: at(36.5),
        metadata: { note: 'done' },
      },
      { step_index: null, kind: 9, task_status: 2, recorded_at: at(36.5) },
    ]);
  });

  it('has a row for every manual action, with who did it and why', async () => {
    const template = await core.template(chain(3));
    const task = await worker.submit({ template_id: template });
    await worker.resolve(task, 0);
    await worker.completeByHand(task, 1, { by: 'hand' });
    await worker.cancel(task);
    await worker.reset(task, 0);
    expect(await core.events(task)).toMatchObject([
      {
        kind: 7,
        step_index: 0,
        worker_id: null,
        detail: { reason: 'done outside', by: 'a person' },
        metadata: null,
      },
      {
        kind: 8,
        step_index: 1,
        detail: { reason: 'done outside', by: 'a person' },
        metadata: { by_hand: true },
      },
      { kind: 9, step_index: null, task_status: 4, detail: { reason: 'enough', by: 'a person' } },
    ]);
  });

  it('is written at the end of an attempt only: a claim leaves no row', async () => {
    const task = await worker.submit({ template_id: lone });
    const { steps } = await worker.claim();
    await worker.extend(steps);
    expect(await core.events(task)).toEqual([]);
  });

  it('is read without gaps by whoever asks for the rows after the last one seen, while four workers write', async () => {
    await core.clock.reset();
    const crew = await core.connections(4);
    const task = await worker.submit({ template_id: await core.template(fan(200)) });
    const root = await worker.claim();
    const { steps } = await worker.complete(
      root.steps.map((step) => succeeded(step)),
      { tokens: tokens(200) },
    );
    const queue = [...steps];
    const seen: number[] = [];
    const readOn = async (): Promise<void> => {
      const rows = await core.rows<{ event_id: number }>(
        'SELECT event_id::integer FROM tasker.events WHERE task_uuid = $1 AND event_id > $2 ORDER BY event_id',
        [task, seen.at(-1) ?? 0],
      );
      seen.push(...rows.map((row) => row.event_id));
    };
    const reader = (async () => {
      while (seen.length < 201) await readOn();
    })();
    await Promise.all(
      crew.map(async (member) => {
        while (queue.length > 0) await member.complete(queue.splice(0, 2).map((step) => succeeded(step)));
      }),
    );
    await reader;
    expect(seen).toEqual((await core.events(task)).map((event) => event.event_id));
  });

  it('names no worker for the end of a task, and one row a status that it took', async () => {
    const task = await worker.submit({ template_id: lone });
    const { steps } = await worker.claim();
    await worker.complete(steps.map((step) => failedForGood(step)));
    await worker.resolve(task, 0);
    const statuses = (await core.events(task)).filter(({ kind }) => kind === 9);
    expect(statuses).toMatchObject([
      { task_status: 1, worker_id: null },
      { task_status: 2, worker_id: null },
    ]);
  });
});
