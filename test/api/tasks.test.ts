import { randomBytes, randomInt } from 'node:crypto';
import { connect } from 'node:net';

import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';

import { until } from '../support/until.js';
import { ApiLab, REQUEST, UNKNOWN_UUID } from './api-lab.js';

const NO_FIELD = 'is not a known field';

describe('the task endpoints', () => {
  let api: ApiLab;

  const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});

  beforeAll(async () => {
    api = await ApiLab.start();
  });

  beforeEach(() => {
    logged.mockClear();
  });

  afterAll(() => api.stop());

  describe('POST /v1/tasks', () => {
    it('answers 200 with the task', async () => {
      const answer = await api.post(REQUEST).expect(200);
      expect(answer.body).toMatchObject({
        task_uuid: expect.any(String),
        name: 'job',
        context: { even_number: 6 },
      });
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(await api.countTasks()).toBe(1);
    });

    it('keeps every field that a client can send', async () => {
      const fields = {
        initiator: 'me',
        source_system: 'shop',
        reason: 'sold',
        tags: ['a', 'b'],
        priority: -100,
        correlation_id: UNKNOWN_UUID,
        parent_correlation_id: '550e8400-e29b-41d4-a716-446655440000',
      };
      const stored = {
        idempotency_key: '😀'.repeat(255),
        options: { any: [1] },
      };
      const answer = await api
        .postWith({
          ...fields,
          ...stored,
          requested_at: '2026-01-31T12:00:00.123456',
          claim_timeout_seconds: 3600,
        })
        .expect(200);
      expect(answer.body).toMatchObject(fields);
      const [row] = await api.lab.rows(
        'SELECT idempotency_key, options, lease_seconds FROM tasker.tasks WHERE task_uuid = $1',
        [answer.body.task_uuid],
      );
      expect(row).toEqual({ ...stored, lease_seconds: 3600 });
    });

    it('takes null for a field that may be left out', async () => {
      const nothing = { initiator: null, source_system: null, reason: null, tags: null, priority: null };
      const nothingMore = { correlation_id: null, idempotency_key: null, requested_at: null, options: null };
      const answer = await api
        .postWith({ ...nothing, ...nothingMore, claim_timeout_seconds: null })
        .expect(200);
      expect(answer.body).toMatchObject({
        initiator: 'unknown',
        source_system: 'unknown',
        reason: 'unknown',
        tags: [],
        priority: 0,
        parent_correlation_id: null,
      });
    });

    it.each(['2026-01-31T12:00:00', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00.123456789+02:00'])(
      'takes requested_at %s',
      (requested_at) => api.postWith({ requested_at }).expect(200),
    );

    it('stores the context as it came, whatever its keys and texts are', async () => {
      const context = JSON.parse(`{
        "constructor": {"prototype": {"polluted": true}}, "prototype": 1, "then": {"a": 1}, "toString": null,
        "sql": "'; DROP TABLE tasks; --", "emoji": "😀", "0": [[], {}, [null]], "": 0.1, "big": 9007199254740991
      }`);
      const answer = await api.postWith({ context }).expect(200);
      expect(answer.text).toContain(JSON.stringify(context));
      const read = await api.get(`/v1/tasks/${answer.body.task_uuid}`).expect(200);
      expect(read.text).toContain(JSON.stringify(context));
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    });

    it('names each field that is missing or wrong, one entry each', async () => {
      const before = await api.countTasks();
      const answer = await api
        .post({ name: 5, context: [], priority: '5', tags: [1], extra: {}, idempotencyKey: 'a' })
        .expect(400);
      expect(answer.body.error.code).toBe('BAD_REQUEST');
      expect(answer.body.error.message).toContain('name: must be a non-empty string');
      expect(inOrder(answer.body.error.details)).toEqual([
        { path: 'context', message: 'must be an object' },
        { path: 'extra', message: NO_FIELD },
        { path: 'idempotencyKey', message: NO_FIELD },
        { path: 'name', message: 'must be a non-empty string' },
        { path: 'namespace', message: 'must be a non-empty string' },
        { path: 'priority', message: 'must be an integer from -100 to 255' },
        { path: 'tags', message: 'must be an array of at most 100 strings' },
        { path: 'version', message: 'must be a non-empty string' },
      ]);
      expect(await api.countTasks()).toBe(before);
    });

    it.each([
      ['name', ''],
      ['namespace', '  '],
      ['version', null],
      ['version', 1],
      ['initiator', ''],
      ['source_system', 7],
      ['reason', {}],
      ['context', null],
      ['context', 'text'],
      ['context', []],
      ['options', []],
      ['tags', 'a'],
      ['tags', { 0: 'a', length: 1 }],
      ['tags', [null]],
      ['priority', 256],
      ['priority', -101],
      ['priority', 1.5],
      ['priority', true],
      ['correlation_id', 'not-a-uuid'],
      ['correlation_id', `${UNKNOWN_UUID}\n`],
      ['parent_correlation_id', 1],
      ['idempotency_key', ''],
      ['idempotency_key', 'x'.repeat(256)],
      ['requested_at', 'yesterday'],
      ['requested_at', '2026-02-31T12:00:00Z'],
      ['requested_at', 1_700_000_000],
      ['claim_timeout_seconds', 0],
      ['claim_timeout_seconds', 3601],
      ['claim_timeout_seconds', '30'],
    ])('refuses %s = %j', async (field, value) => {
      const answer = await api.postWith({ [field]: value }).expect(400);
      expect(answer.body.error).toMatchObject({ code: 'BAD_REQUEST', details: [{ path: field }] });
    });

    it.each([
      [100, 100],
      [101, 100],
      [255, 100],
    ])('takes the priority %i as %i, alone and in a batch', async (priority, stored) => {
      const { body } = await api.postWith({ priority }).expect(200);
      expect(body.priority).toBe(stored);
      const batch = await api.post({ tasks: [{ ...REQUEST, priority }] }, '/v1/tasks/batch').expect(200);
      const { task_uuid: uuid } = batch.body.tasks[0];
      expect((await api.get(`/v1/tasks/${uuid}`).expect(200)).body.priority).toBe(stored);
    });

    it.each([
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
      'a.b',
      '0',
      'Name',
    ])('refuses the unknown field %s', async (field) => {
      const answer = await api.postWith({ [field]: 'x' }).expect(400);
      expect(answer.body.error.details).toEqual([
        { path: expect.stringContaining(field), message: NO_FIELD },
      ]);
    });

    it('refuses a text that is too long, in a batch that one task alone', async () => {
      const wrong = await api.postWith({ initiator: random(3_000) }).expect(400);
      expect(wrong.body.error.details).toEqual([
        { path: 'initiator', message: 'must be a string of at most 255 characters, got 3000' },
      ]);
      // Of four bytes a character, both stand in one row of an index.
      const longest = Array.from({ length: 255 }, () =>
        String.fromCodePoint(0x10_000 + randomInt(0x10_000)),
      ).join('');
      const tasks = [
        { ...REQUEST, initiator: longest, source_system: Array.from(longest).toReversed().join('') },
        { ...REQUEST, source_system: random(256) },
        { ...REQUEST, reason: random(10_001) },
        { ...REQUEST, tags: [random(256)] },
        { ...REQUEST, tags: Array.from({ length: 101 }, () => 'a') },
        { ...REQUEST, idempotency_key: random(256) },
        REQUEST,
      ];
      const { body } = await api.post({ tasks }, '/v1/tasks/batch').expect(200);
      expect(body.tasks).toEqual([
        { task_uuid: expect.any(String) },
        ...['source_system', 'reason', 'tags[0]', 'tags', 'idempotency_key'].map((path, place) => ({
          error: {
            code: 'BAD_REQUEST',
            message: expect.any(String),
            details: [
              { path: `tasks[${place + 1}].${path}`, message: expect.stringMatching(/at most|to 255/) },
            ],
          },
        })),
        { task_uuid: expect.any(String) },
      ]);
    });

    it.each(['[]', '"text"', 'null', '5', 'true', '[{}]', ''])(
      'refuses %j where an object is meant',
      async (body) => {
        const answer = await api.post(body).expect(400);
        expect(answer.body.error).toMatchObject({
          code: 'BAD_REQUEST',
          details: [{ path: '$', message: 'must be a JSON object' }],
        });
      },
    );

    it('refuses a request without a body', async () => {
      const answer = await request(api.url).post('/v1/tasks').expect(400);
      expect(answer.body.error.details).toEqual([{ path: '$', message: 'must be a JSON object' }]);
    });

    it('tells of at most 100 mistakes, and how many more there are', async () => {
      const extra = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`extra_${n}`, 1]));
      const answer = await api.postWith(extra).expect(400);
      expect(answer.body.error.details).toHaveLength(100);
      expect(answer.body.error.message).toMatch(/; and 4900 more$/);
    });

    it('tells of at most 1,000 mistakes in a whole batch, and of one in each refused task', async () => {
      const extra = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`x${n}`, 1]));
      const tasks = Array.from({ length: 20 }, () => extra);
      const { body } = await api.post({ tasks }, '/v1/tasks/batch').expect(200);
      const told = body.tasks.map(({ error }: { error: { details: unknown[] } }) => error.details.length);
      expect(told).toEqual([
        ...Array.from({ length: 10 }, () => 100),
        ...Array.from({ length: 10 }, () => 1),
      ]);
    });
  });

  describe('GET /v1/tasks/{uuid}', () => {
    it('answers the task, its uuid in any case', async () => {
      const uuid = await api.job();
      const answer = await api.get(`/v1/tasks/${uuid.toUpperCase()}`).expect(200);
      expect(answer.body).toMatchObject({ task_uuid: uuid, total_steps: 1, steps: [{ name: 'wait' }] });
    });

    it('answers 404 for one that is not there', async () => {
      const answer = await api.get(`/v1/tasks/${UNKNOWN_UUID}?wait_seconds=5`).expect(404);
      expect(answer.body).toEqual({
        error: { code: 'NOT_FOUND', message: `Task not found: ${UNKNOWN_UUID}` },
      });
    });

    it.each(['-1', '61', '1.5', '1e1', '', 'soon', '%00', '1&wait_seconds=2'])(
      'refuses wait_seconds=%s',
      async (value) => {
        const answer = await api.get(`/v1/tasks/${UNKNOWN_UUID}?wait_seconds=${value}`).expect(400);
        expect(answer.body.error).toMatchObject({
          code: 'BAD_REQUEST',
          details: [{ path: 'wait_seconds', message: 'must be an integer from 0 to 60' }],
        });
      },
    );

    it('refuses a query that it does not know', async () => {
      const answer = await api.get(`/v1/tasks/${UNKNOWN_UUID}?wait=5`).expect(400);
      expect(answer.body.error.details).toEqual([{ path: 'wait', message: NO_FIELD }]);
    });

    it('holds its answer until the task has ended', async () => {
      const uuid = await api.job();
      const answer = api.get(`/v1/tasks/${uuid}?wait_seconds=60`).then((response) => response);
      await waits(api, 1);
      api.finishJobs();
      expect((await answer).body).toMatchObject({ status: 'complete', completed_steps: 1 });
      // Now it has ended already.
      const again = await api.get(`/v1/tasks/${uuid}?wait_seconds=60`).expect(200);
      expect(again.body.status).toBe('complete');
    });

    it('answers the state of the moment when the time is over', async () => {
      const uuid = await api.job();
      const answer = await api.get(`/v1/tasks/${uuid}?wait_seconds=1`).expect(200);
      expect(['pending', 'steps_in_process']).toContain(answer.body.status);
    });

    it('stops waiting when the client leaves, and logs nothing', async () => {
      const uuid = await api.job();
      const client = connect(api.port, '127.0.0.1');
      client.write(`GET /v1/tasks/${uuid}?wait_seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n`);
      await waits(api, 1);
      client.destroy();
      await waits(api, 0);
      await api.get(`/v1/tasks/${uuid}`).expect(200);
      expect(logged).not.toHaveBeenCalled();
    });
  });
});

describe('a shutdown', () => {
  it('ends open waits with the state of the moment', async () => {
    const api = await ApiLab.start();
    const uuid = await api.job();
    const answer = fetch(`${api.url}/v1/tasks/${uuid}?wait_seconds=60`);
    await waits(api, 1);
    const stopped = api.lab.stopWorkers();
    const response = await answer;
    expect([response.status, await response.json()]).toMatchObject([200, { task_uuid: uuid }]);
    api.finishJobs();
    await stopped;
    await api.stop();
  });
});

/** Resolves when so many requests wait for the end of a task. */
async function waits(api: ApiLab, count: number): Promise<void> {
  await until(`${count} request(s) wait`, () => api.openWaits === count);
}

function inOrder(details: { path: string }[]): unknown {
  return details.toSorted((left, right) => left.path.localeCompare(right.path));
}

/** A text that no index can compress. */
function random(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length);
}
