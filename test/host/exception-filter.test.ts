import { Controller, Get, Module, NotFoundException, UseFilters } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { BackpressureError, TaskClient, TaskerExceptionFilter, TaskerModule } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';

const job = workflow('job', { work: {} }, { identity_strategy: 'strict' });
const NOBODY = '0197a0de-0000-7000-8000-000000000001';

/** A controller as an application has one: it passes on what the client rejects with. */
class JobsController {
  constructor(private readonly tasks: TaskClient) {}

  @Get('submitted')
  submitted(): Promise<unknown> {
    return this.tasks.submit(requestFor(job));
  }

  @Get('unknown')
  unknown(): Promise<unknown> {
    return this.tasks.submit({ ...requestFor(job), name: 'jbo' });
  }

  @Get('invalid')
  invalid(): Promise<unknown> {
    return this.tasks.submit({ ...requestFor(job), priority: 1.5 });
  }

  @Get('nobody')
  nobody(): Promise<unknown> {
    return this.tasks.get(NOBODY);
  }

  @Get('full')
  full(): never {
    throw new BackpressureError(9, 8, 7);
  }

  @Get('own')
  own(): never {
    throw new NotFoundException('no such invoice');
  }

  @Get('cache')
  cache(): never {
    throw Object.assign(new Error('the cache is away'), { code: 'ECONNREFUSED', syscall: 'connect' });
  }
}

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open(job);
});

afterAll(() => lab.close());

describe.each([
  ['Express, with APP_FILTER', () => new ExpressAdapter(), true],
  ['Fastify, with @UseFilters', () => new FastifyAdapter(), false],
] as const)('The exception filter in an application on %s', (_, adapter, isGlobal) => {
  let app: INestApplication;
  let url: string;
  let way: TcpProxy;

  beforeAll(async () => {
    way = await TcpProxy.before(lab.databaseUrl);
    const controller: Type = class extends JobsController {};
    Reflect.defineMetadata('design:paramtypes', [TaskClient], controller);
    Controller('jobs')(controller);
    if (!isGlobal) UseFilters(TaskerExceptionFilter)(controller);
    @Module({
      imports: [
        await TaskerModule.forRoot({ databaseUrl: way.url, templatePaths: [lab.templates.path] }),
        namespaceModule('lab', { work: () => 'done' }),
      ],
      controllers: [controller],
      providers: isGlobal ? [{ provide: APP_FILTER, useClass: TaskerExceptionFilter }] : [],
    })
    class Application {}
    app = await NestFactory.create(Application, adapter(), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterAll(async () => {
    way.open();
    await app.close();
    await way.end();
  });

  async function ask(path: string): Promise<{ status: number; retryAfter: string | null; body: unknown }> {
    const response = await fetch(`${url}/jobs/${path}`);
    const body: unknown = JSON.parse(await response.text());
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body };
  }

  it('answers the errors of the client by their kind', async () => {
    expect(await ask('unknown')).toMatchObject({
      status: 404,
      body: {
        error: { code: 'NOT_FOUND', message: expect.stringContaining('did you mean "lab/job/1.0.0"?') },
      },
    });
    expect(await ask('nobody')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    expect(await ask('invalid')).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_REQUEST', details: [{ path: 'priority' }] } },
    });
    await ask('submitted');
    expect(await ask('submitted')).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', existing_task_uuid: expect.any(String) } },
    });
    expect(await ask('full')).toMatchObject({
      status: 503,
      retryAfter: '7',
      body: { error: { code: 'BACKPRESSURE', retry_after_seconds: 7 } },
    });
  });

  it('leaves other exceptions to Nest, also those that look like a lost database', async () => {
    expect(await ask('own')).toMatchObject({
      status: 404,
      body: { statusCode: 404, message: 'no such invoice' },
    });
    expect(await ask('cache')).toMatchObject({ status: 500, body: { statusCode: 500 } });
  });

  it('answers 503 with Retry-After while the database can not be reached', async () => {
    way.close();
    expect(await ask('nobody')).toMatchObject({
      status: 503,
      retryAfter: '1',
      body: { error: { code: 'SERVICE_UNAVAILABLE' } },
    });
  });
});
