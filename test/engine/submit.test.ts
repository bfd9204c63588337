import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidV7 } from 'uuid';

import { expectConsistent } from './consistency.js';
import { newTask } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { DIAMOND, LONE_STEP } from './graphs.js';
import { succeeded } from './reports.js';

let core: CoreDatabase;
let worker: CoreConnection;
let lone: number;
let diamond: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  lone = await core.template(LONE_STEP);
  diamond = await core.template(DIAMOND);
});

afterEach(async () => {
  await expectConsistent(core);
  await core.clear();
});

afterAll(() => core.drop());

function hash(): string {
  return `\\x${randomBytes(32).toString('hex')}`;
}

/** A request with an idempotency key, of which the context is known by its hash. */
function keyed(key: string, request: string, template_id = lone) {
  return newTask({ template_id, idempotency_hash: key, request_hash: request });
}

/** A request whose identity is its template and context. */
function strict(request: string) {
  return newTask({ template_id: lone, request_hash: request, unique_request: true });
}

async function countTasks(): Promise<number | undefined> {
  const [row] = await core.rows<{ count: number }>('SELECT count(*)::integer FROM tasker.tasks');
  return row?.count;
}

describe('A submitted task', () => {
  it('is there with all of its steps, the first ones ready', async () => {
    const correlation_id = uuidV7();
    const task = await worker.submit({
      template_id: diamond,
      correlation_id,
      priority: 7,
      lease_seconds: 90,
    });
    expect(await core.task(task)).toMatchObject({
      status: 'pending',
      total_steps: 4,
      ready_steps: 1,
      pending_steps: 3,
    });
    expect(
      (await core.steps(task)).map((step) => [step.name, step.state, step.remaining_dependencies]),
    ).toEqual([
      ['start', 'enqueued', 0],
      ['left', 'pending', 1],
      ['right', 'pending', 1],
      ['join', 'pending', 2],
    ]);
    const { steps } = await worker.claim();
    expect(steps).toMatchObject([{ taskUuid: task, correlationId: correlation_id, leaseSeconds: 90 }]);
  });

  it('keeps every text and every JSON value as it was given', async () => {
    const odd = [
      `'; DROP TABLE tasker.tasks; --`,
      '$1 \\x00 %s {a,"b"} NULL',
      '👩‍👩‍👧 Ünïcödé 漢字 \u{FFFF} \u{202E}',
      ' leading, trailing and\n\ttabs ',
      '"quoted" \\ back\\\\slash \u2028',
    ];
    const context = { z: 1, a: { '': null, '10': 1, '9': [true, -0.5e-7, 'x'.repeat(5_000)] }, odd };
    const task = newTask({
      template_id: lone,
      context,
      tags: [...odd, 'NULL', '{}'],
      options: { odd },
      initiator: odd[0] ?? '',
      source_system: odd[1] ?? '',
      reason: odd[2] ?? '',
      idempotency_key: odd[3] ?? '',
    });
    await worker.submitAll([task]);
    const [row] = await core.rows('SELECT * FROM tasker.tasks');
    expect(row).toMatchObject({
      context,
      tags: task.tags,
      options: task.options,
      initiator: task.initiator,
      source_system: task.source_system,
      reason: task.reason,
      idempotency_key: task.idempotency_key,
    });
    const { steps } = await worker.claim();
    expect(steps[0]?.input.context).toEqual(context);
    await worker.complete([...steps].map((step) => succeeded(step, odd)));
    expect(await core.step(task.task_uuid, 'only')).toMatchObject({ result: odd });
  });

  it('keeps the order of the keys and the spelling of the numbers of its context', async () => {
    const text = '{"b":1.0,"a":123456789012345678901234567890,"10":1e400,"2":{"y":-0,"x":[ ]}}';
    const json = JSON.stringify([newTask({ template_id: lone })]).replace(
      '"context":{}',
      `"context":${text}`,
    );
    await worker.submitText(json);
    const [row] = await core.rows<{ context: string }>('SELECT context::text FROM tasker.tasks');
    expect(row?.context).toBe(text);
  });

  it('without tags or options has none', async () => {
    const task = await worker.submit({ template_id: lone });
    expect(await core.task(task)).toMatchObject({ tags: [] });
  });
});

describe('A request that came before', () => {
  it('is repeated by its key with the same context, and a conflict with another one', async () => {
    const [key, request] = [hash(), hash()];
    const first = keyed(key, request);
    const [created] = await worker.submitAll([first]);
    expect(created).toMatchObject({ ordinal: 1, outcome: 'created', task_uuid: first.task_uuid });
    expect(await worker.submitAll([keyed(key, request)])).toEqual([{ ...created, outcome: 'repeated' }]);
    expect(await worker.submitAll([keyed(key, hash())])).toMatchObject([
      { outcome: 'conflict', task_uuid: first.task_uuid },
    ]);
    expect(await worker.submitAll([keyed(hash(), request)])).toMatchObject([{ outcome: 'created' }]);
    expect(await countTasks()).toBe(2);
  });

  it('is a repetition too where the same version of the template was registered anew meanwhile', async () => {
    const [key, request] = [hash(), hash()];
    const first = keyed(key, request);
    await worker.submitAll([first]);
    const reregistered = await core.template(LONE_STEP);
    expect(await worker.submitAll([keyed(key, request, reregistered)])).toMatchObject([
      { outcome: 'repeated', task_uuid: first.task_uuid },
    ]);
  });

  it('is a conflict where its context is its identity', async () => {
    const request = hash();
    const first = strict(request);
    await worker.submitAll([first]);
    expect(await worker.submitAll([strict(request), strict(hash())])).toMatchObject([
      { outcome: 'conflict', task_uuid: first.task_uuid },
      { outcome: 'created' },
    ]);
    expect(await worker.submitAll([newTask({ template_id: lone, request_hash: request })])).toMatchObject([
      { outcome: 'created' },
    ]);
  });

  it('is looked for by its key first, then by its context', async () => {
    const [keyA, keyB, requestA, requestB] = [hash(), hash(), hash(), hash()];
    const both = (key: string, request: string) => ({ ...strict(request), idempotency_hash: key });
    const [a, b] = [both(keyA, requestA), both(keyB, requestB)];
    await worker.submitAll([a, b]);
    expect(
      await worker.submitAll([
        both(keyA, requestA),
        both(keyA, requestB),
        both(keyA, hash()),
        both(hash(), requestB),
        strict(requestA),
        both(hash(), hash()),
      ]),
    ).toMatchObject([
      { outcome: 'repeated', task_uuid: a.task_uuid },
      { outcome: 'conflict', task_uuid: a.task_uuid },
      { outcome: 'conflict', task_uuid: a.task_uuid },
      { outcome: 'conflict', task_uuid: b.task_uuid },
      { outcome: 'conflict', task_uuid: a.task_uuid },
      { outcome: 'created' },
    ]);
  });

  it('in the same call is told apart as well', async () => {
    const [key, request] = [hash(), hash()];
    const [first, second] = [keyed(key, request), strict(hash())];
    const rows = await worker.submitAll([
      first,
      keyed(key, request),
      keyed(key, hash()),
      second,
      strict(second.request_hash ?? ''),
      first,
    ]);
    expect(rows.map(({ outcome, task_uuid }) => [outcome, task_uuid])).toEqual([
      ['created', first.task_uuid],
      ['repeated', first.task_uuid],
      ['conflict', first.task_uuid],
      ['created', second.task_uuid],
      ['conflict', second.task_uuid],
      ['created', first.task_uuid],
    ]);
    expect(await countTasks()).toBe(2);
  });

  it('holds its identity as long as its task is kept, finished or not', async () => {
    const request = strict(hash());
    await worker.submitAll([request]);
    await worker.cancel(request.task_uuid);
    expect(await worker.submitAll([strict(request.request_hash ?? '')])).toMatchObject([
      { outcome: 'conflict' },
    ]);
    await core.clear();
    expect(await worker.submitAll([strict(request.request_hash ?? '')])).toMatchObject([
      { outcome: 'created' },
    ]);
  });
});

describe('Many tasks in one call', () => {
  it('are all refused where one names an unknown template, and nothing of them is left', async () => {
    const tasks = [
      newTask({ template_id: lone }),
      newTask({ template_id: 4_711 }),
      newTask({ template_id: lone }),
    ];
    await expect(worker.submitAll(tasks)).rejects.toMatchObject({ code: '22023' });
    const [row] = await core.rows<{ rows: number }>(
      'SELECT (SELECT count(*) FROM tasker.tasks) + (SELECT count(*) FROM tasker.steps) AS rows',
    );
    expect(Number(row?.rows)).toBe(0);
  });

  it('of no tasks answer with nothing', async () => {
    expect(await worker.submitAll([])).toEqual([]);
  });

  it('are answered in order: 10,000 tasks in ten calls, each there once', async () => {
    for (let call = 0; call < 10; call += 1) {
      const tasks = Array.from({ length: 1_000 }, (_, n) =>
        newTask({ template_id: n % 2 === 0 ? lone : diamond }),
      );
      const rows = await worker.submitAll(tasks);
      expect(rows.map((row) => row.task_uuid)).toEqual(tasks.map((task) => task.task_uuid));
      expect(rows.every(({ outcome, ordinal }, n) => outcome === 'created' && ordinal === n + 1)).toBe(true);
    }
    expect(await countTasks()).toBe(10_000);
    const [steps] = await core.rows<{ count: number }>('SELECT count(*)::integer FROM tasker.steps');
    expect(steps?.count).toBe(5_000 * (1 + 4));
  });
});
