import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';

import { MAX_BODY_BYTES } from '../../src/http/json-body.middleware.js';
import { ApiLab, REQUEST, UNKNOWN_UUID } from './api-lab.js';

const wrap = (inside: string) => `{"name":"job","namespace":"lab","version":"1.0.0","context":${inside}}`;

describe('the edge', () => {
  let api: ApiLab;

  beforeAll(async () => {
    api = await ApiLab.start();
  });

  afterAll(() => api.stop());

  describe('bad input at the door', () => {
    it.each([
      ['a duplicate key', wrap('{"a":1,"a":1}'), 'context.a'],
      ['a duplicate field', '{"name":"a","name":"a"}', 'name'],
      ['a __proto__ key', wrap('{"__proto__":{"admin":true}}'), 'context.__proto__'],
      ['a __proto__ field', '{"__proto__":{"name":"a"}}', '__proto__'],
      ['an integer that loses digits', wrap('{"n":9007199254740993}'), 'context.n'],
      ['a number that is too large', wrap('{"n":1e400}'), 'context.n'],
      ['a NUL character', wrap('{"s":"a\\u0000b"}'), 'context.s'],
      ['a lone surrogate', wrap('{"s":["\\ud800"]}'), 'context.s[0]'],
      ['a NUL character in a field', '{"name":"\\u0000"}', 'name'],
      ['100 levels of nesting', wrap(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`), 'context.a.a'],
      ['500,000 levels of nesting', '['.repeat(500_000), '$[0][0]'],
    ])('%s: 400 that names the field', async (_, body, path) => {
      const answer = await api.post(body).expect(400);
      expect(answer.body).toEqual({
        error: {
          code: 'BAD_REQUEST',
          message: expect.stringContaining(path),
          details: [{ path: expect.stringContaining(path), message: expect.any(String) }],
        },
      });
      expect(await api.countTasks()).toBe(0);
    });

    it.each([
      ['{"name": nope}', 'expected a value, found "n" at line 1, column 10 (position 9)'],
      ['{"name":"a",}', 'expected a key in double quotes, found "}"'],
      ['{"name":"a"', 'found the end at line 1, column 12'],
      [' ', 'expected a value, found the end'],
    ])('malformed JSON %j: 400 that says where', async (body, message) => {
      const answer = await api.post(body).expect(400);
      expect(answer.body).toEqual({
        error: { code: 'JSON_ERROR', message: expect.stringContaining(message) },
      });
    });

    it('bytes that are not UTF-8: 400', async () => {
      const bytes = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
      expect(await api.postBytes(bytes)).toMatchObject({
        status: 400,
        body: { error: { code: 'JSON_ERROR' } },
      });
    });

    it('a body of 10 MB: 413, sent plain, chunked or compressed', async () => {
      const body = Buffer.from(JSON.stringify({ name: 'x'.repeat(10 * MAX_BODY_BYTES) }));
      const tooLarge = {
        status: 413,
        body: { error: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is larger than 1048576 bytes' } },
      };
      expect(await api.postBytes(body)).toEqual(tooLarge);
      expect(await api.postBytes(new Blob([body]).stream())).toEqual(tooLarge);
      expect(await api.postBytes(gzipSync(body), 'gzip')).toEqual(tooLarge);
    });

    it('a body of exactly 1 MiB is read', async () => {
      const frame = wrap('""').length;
      const body = Buffer.from(wrap(`"${'x'.repeat(MAX_BODY_BYTES - frame)}"`));
      expect(await api.postBytes(body)).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_REQUEST' } },
      });
      expect(await api.postBytes(Buffer.concat([body, Buffer.from(' ')]))).toMatchObject({ status: 413 });
    });

    it('a compressed body that fits is read, a broken or unknown one is refused', async () => {
      expect(await api.postBytes(gzipSync(JSON.stringify(REQUEST)), 'gzip')).toMatchObject({ status: 200 });
      expect(await api.postBytes(Buffer.from('not gzip'), 'gzip')).toMatchObject({ status: 400 });
      expect(await api.postBytes(Buffer.from('{}'), 'rot13')).toMatchObject({
        status: 415,
        body: { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
      });
    });

    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      'multipart/form-data; boundary=x',
    ])('a body of type %s: 415', async (type) => {
      const answer = await request(api.url)
        .post('/v1/tasks')
        .set('Content-Type', type)
        .send('{}')
        .expect(415);
      expect(answer.body.error).toEqual({
        code: 'UNSUPPORTED_MEDIA_TYPE',
        message: expect.stringContaining(JSON.stringify(type)),
      });
    });

    it.each([
      'application/json; charset=UTF-8',
      'application/vnd.tasker+json',
      'APPLICATION/JSON;charset="utf-8"',
    ])('a body of type %s is read', (type) =>
      request(api.url).post('/v1/tasks').set('Content-Type', type).send(JSON.stringify(REQUEST)).expect(200),
    );

    it('what is not HTTP: 400 in the same shape', async () => {
      const raw = await exchange(api.port, Buffer.from('GARBAGE\r\n\r\n'));
      expect(raw).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(JSON.parse(raw.slice(raw.indexOf('{')))).toEqual({
        error: { code: 'BAD_REQUEST', message: 'Bad Request' },
      });
      const headers = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`;
      expect(await exchange(api.port, Buffer.from(headers))).toMatch(/^HTTP\/1\.1 431 .*"error":\{"code"/s);
    });
  });

  describe('routes', () => {
    it.each(['/', '/nope', '/v1/tasks/a/b/c'])('answers 404 for %s', async (path) => {
      const answer = await api.get(path).expect(404);
      expect(answer.body).toEqual({ error: { code: 'NOT_FOUND', message: `Cannot GET ${path}` } });
    });

    it.each([
      ['PUT', '/v1/tasks/batch', 'DELETE, GET, HEAD, POST'],
      ['DELETE', `/v1/tasks/${UNKNOWN_UUID}/workflow_steps`, 'GET, HEAD'],
      ['PATCH', `/v1/tasks/${UNKNOWN_UUID}?x=1`, 'DELETE, GET, HEAD'],
    ])('answers 405 for %s %s, and says what is allowed', async (method, path, allowed) => {
      const answer = await fetch(`${api.url}${path}`, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe(allowed);
      expect(await answer.json()).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } });
    });

    it('answers 400 for a path that is no text', async () => {
      const answer = await api.get('/v1/tasks/%ff').expect(400);
      expect(answer.body.error.code).toBe('BAD_REQUEST');
    });

    it.each(['5', 'not-a-uuid', `${UNKNOWN_UUID}0`, '%00', "';drop table tasks"])(
      'answers INVALID_UUID for the task %s',
      async (uuid) => {
        for (const path of [`/v1/tasks/${uuid}`, `/v1/tasks/${uuid}/workflow_steps`]) {
          const answer = await api.get(path).expect(400);
          expect(answer.body.error.code).toBe('INVALID_UUID');
        }
      },
    );
  });
});

/** Sends bytes over a socket of their own, and gives back all that comes until the server closes it. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}
