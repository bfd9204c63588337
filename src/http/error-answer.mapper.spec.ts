import { Controller, Get, HttpException, Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseError } from 'pg';
import request from 'supertest';

import {
  DuplicateTaskError,
  InvalidStateError,
  InvalidTaskRequestError,
  TaskerError,
  TemplateNotFoundError,
  WaitTimeoutError,
} from '../engine/index.js';
import { toErrorAnswer } from './error-answer.mapper.js';
import { configureHttp } from './http.configurator.js';

const TASK_UUID = '0197a0de-0000-7000-8000-000000000001';

@Controller('fails')
class FailingController {
  static failure: unknown = null;

  @Get()
  fail(): never {
    throw FailingController.failure;
  }
}

describe('an error', () => {
  let app: NestExpressApplication;
  let url: string;

  const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});

  beforeAll(async () => {
    const nest = await Test.createTestingModule({ controllers: [FailingController] }).compile();
    app = nest.createNestApplication<NestExpressApplication>({ bodyParser: false });
    configureHttp(app);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  beforeEach(() => {
    logged.mockClear();
  });

  afterAll(() => app.close());

  describe('errors from below', () => {
    class Backpressure extends TaskerError {
      readonly code = 'BACKPRESSURE';
      readonly retryAfterSeconds = 2.5;
    }
    class Unheard extends TaskerError {
      readonly code = 'UNHEARD_OF';
    }
    const sql = Object.assign(new DatabaseError('column "secret" of SELECT is bad', 1, 'error'), {
      code: '42703',
      severity: 'ERROR',
    });
    const stopping = Object.assign(new DatabaseError('terminating', 1, 'error'), {
      code: '57P01',
      severity: 'FATAL',
    });

    it.each([
      [
        new TemplateNotFoundError('a', 'b', '1'),
        404,
        { code: 'NOT_FOUND', message: 'Task template not found: a/b/1' },
      ],
      [new InvalidStateError('it has ended'), 400, { code: 'BAD_REQUEST', message: 'it has ended' }],
      [new WaitTimeoutError('too long'), 408, { code: 'TIMEOUT', message: 'too long' }],
      [
        new InvalidTaskRequestError([
          { path: 'context.evenNumber', message: 'must be integer' },
          { path: 'idempotencyKey', message: 'is needed' },
        ]),
        400,
        {
          code: 'BAD_REQUEST',
          message: expect.stringContaining('context.evenNumber: must be integer; idempotency_key: is needed'),
          details: [
            { path: 'context.evenNumber', message: 'must be integer' },
            { path: 'idempotency_key', message: 'is needed' },
          ],
        },
      ],
      [
        new DuplicateTaskError('A task with the same identity already exists', TASK_UUID),
        409,
        {
          code: 'CONFLICT',
          message: 'A task with the same identity already exists',
          existing_task_uuid: TASK_UUID,
        },
      ],
      [
        new Backpressure('too much waits'),
        503,
        { code: 'BACKPRESSURE', message: 'too much waits', retry_after_seconds: 3 },
      ],
      [stopping, 503, { code: 'SERVICE_UNAVAILABLE', message: expect.any(String), retry_after_seconds: 1 }],
      [new HttpException('slow down', 429), 429, { code: 'RATE_LIMITED', message: 'slow down' }],
      [new HttpException('who?', 401), 401, { code: 'UNAUTHORIZED', message: 'who?' }],
    ])('%s becomes %i', async (failure, status, error) => {
      FailingController.failure = failure;
      const answer = await request(url).get('/fails').expect(status);
      expect(answer.body).toEqual({ error });
      expect(toErrorAnswer(failure)).toMatchObject({ status, body: answer.body });
      const later = 'retry_after_seconds' in error ? String(error.retry_after_seconds) : undefined;
      expect(answer.headers['retry-after']).toBe(later);
      expect(logged).toHaveBeenCalledTimes(error.code === 'SERVICE_UNAVAILABLE' ? 1 : 0);
    });

    it.each([
      [sql, 'DATABASE_ERROR'],
      [new Error('secret', { cause: 'secret' }), 'INTERNAL_ERROR'],
      [new Unheard('secret'), 'INTERNAL_ERROR'],
      [new HttpException('secret', 500), 'INTERNAL_ERROR'],
      ['secret', 'INTERNAL_ERROR'],
      [undefined, 'INTERNAL_ERROR'],
    ])('%s is answered with 500 that gives nothing away, and logged in full', async (failure, code) => {
      FailingController.failure = failure;
      const answer = await request(url).get('/fails').expect(500);
      expect(answer.body).toEqual({ error: { code, message: expect.any(String) } });
      expect(answer.text).not.toMatch(/secret|SELECT|\.ts|node_modules/);
      expect(logged).toHaveBeenCalledTimes(1);
      const [line, stack] = logged.mock.calls[0] ?? [];
      expect(line).toEqual({
        message: 'Request failed',
        method: 'GET',
        url: '/fails',
        status: 500,
        code,
      });
      if (failure !== undefined) expect(stack).toContain('secret');
    });
  });
});
