import { once } from 'node:events';
import type { Server } from 'node:http';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type {
  DynamicModule,
  INestApplicationContext,
  OnApplicationBootstrap,
  Provider,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { HealthModule, OnDomainEvent, TaskClient, TaskerModule, TaskerWorker } from '../../src/index.js';
import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';

const job = workflow('job', { work: { publishes_events: [{ name: 'job.done' }] } });

/** What has happened, in order. */
let happened: string[] = [];
/** Awaited by `onApplicationBootstrap` of the module that is the last of the host. */
let onBootstrap: () => Promise<void>;

@Injectable()
class Slow implements OnApplicationBootstrap {
  async onApplicationBootstrap(): Promise<void> {
    await onBootstrap();
    happened.push('bootstrapped');
  }
}

@Module({ providers: [Slow] })
class SlowModule {}

@Injectable()
class Listener {
  @OnDomainEvent('job.done', { from: 'beginning' })
  onDone(): void {
    happened.push('event');
  }
}

const WORK = { work: () => happened.push('step') };
const QUIET = { logger: false, abortOnError: false } as const;

describe('A host application', () => {
  let lab: Lab;
  let submitter: TaskClient;

  beforeAll(async () => {
    lab = await Lab.open(job);
    ({ client: submitter } = await lab.worker({ settings: { role: 'api' } }));
  });

  afterAll(() => lab.close());

  beforeEach(async () => {
    happened = [];
    onBootstrap = () => Promise.resolve();
    await lab.rows('TRUNCATE tasker.event_subscriptions');
  });

  /** `SlowModule` is the root's child and comes after each other module; so do the root's own providers, the last of all. */
  async function host(providers: Provider[] = []): Promise<DynamicModule> {
    const tasker = await TaskerModule.forRoot({
      databaseUrl: lab.databaseUrl,
      templatePaths: [lab.templates.path],
      workerId: 'the-host',
      pollIntervalMs: 50,
      shutdownTimeoutSeconds: 0,
    });
    return {
      module: class Host {},
      imports: [SlowModule, HealthModule, namespaceModule('lab', WORK), tasker],
      providers: [Listener, ...providers],
    };
  }

  async function untilDisconnected(): Promise<void> {
    await until('the host has closed its connections', async () => {
      const left = await lab.rows(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'tasker-nest%the-host'`,
      );
      return left.length === 0;
    });
  }

  async function ends(taskUuid: string): Promise<void> {
    expect(await submitter.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
  }

  /** Longer than a worker that claims needs for the step. */
  async function readRepeatedly(taskUuid: string): Promise<void> {
    for (let times = 0; times < 30; times += 1) await submitter.get(taskUuid);
  }

  it('with a server runs steps when it listens: after the slowest onApplicationBootstrap', async () => {
    const { taskUuid } = await submitter.submit(requestFor(job));
    onBootstrap = () => readRepeatedly(taskUuid);
    const app = await NestFactory.create(await host([{ provide: 'ROOT', useClass: Slow }]), QUIET);
    try {
      await app.listen(0, '127.0.0.1');
      await ends(taskUuid);
      await until('the event arrives', () => happened.includes('event'));
      expect(happened).toEqual(['bootstrapped', 'bootstrapped', 'step', 'event']);
    } finally {
      await app.close();
    }
  });

  it('that is ready and does not listen runs no step, and says so to probes, until start() is called', async () => {
    const { taskUuid } = await submitter.submit(requestFor(job));
    const app = await NestFactory.create(await host(), QUIET);
    try {
      await app.init();
      const server: Server = app.getHttpServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
      await readRepeatedly(taskUuid);
      expect(happened).toEqual(['bootstrapped']);
      expect(await ask(url, '/health/ready')).toMatchObject({ status: 503 });

      const worker = app.get(TaskerWorker);
      await Promise.all([worker.start(), worker.start()]);
      await worker.start();
      expect(await ask(url, '/health/ready')).toMatchObject({ status: 200 });
      await ends(taskUuid);
    } finally {
      await app.close();
    }
  });

  it('without a server runs steps after start(), which is refused before the application is ready', async () => {
    const { taskUuid } = await submitter.submit(requestFor(job));
    let early: unknown;
    @Injectable()
    class Hasty implements OnApplicationBootstrap {
      constructor(private readonly worker: TaskerWorker) {}

      async onApplicationBootstrap(): Promise<void> {
        early = await this.worker.start().catch((error: unknown) => error);
      }
    }
    const app = await NestFactory.createApplicationContext(await host([Hasty]), QUIET);
    try {
      expect(early).toMatchObject({ code: 'NOT_READY' });
      await readRepeatedly(taskUuid);
      expect(happened).toEqual(['bootstrapped']);
      await app.get(TaskerWorker).start();
      await ends(taskUuid);
    } finally {
      await app.close();
    }
  });

  it.each([
    ['while the worker starts', (app: INestApplicationContext) => app.get(TaskerWorker).start()],
    ['before the worker starts', () => undefined],
  ])('that is closed %s stays stopped, also if start() is called again', async (_, begin) => {
    const app = await NestFactory.createApplicationContext(await host(), QUIET);
    const started = begin(app);
    await app.close();
    await started;
    const { taskUuid } = await submitter.submit(requestFor(job));
    await app.get(TaskerWorker).start();
    await app.close();
    await readRepeatedly(taskUuid);
    expect(happened).toEqual(['bootstrapped']);
    await untilDisconnected();
    await submitter.cancel(taskUuid);
  });

  it('that is closed during its bootstrap begins nothing afterwards', async () => {
    const reached = new Happening();
    const goOn = new Happening();
    onBootstrap = async () => {
      reached.happen();
      await goOn.happened;
    };
    const app = await NestFactory.create(await host(), QUIET);
    const listening = app.listen(0, '127.0.0.1');
    await reached.happened;
    const { taskUuid } = await submitter.submit(requestFor(job));
    await app.close();
    goOn.happen();
    await listening;
    await app.close();
    await readRepeatedly(taskUuid);
    expect(happened).toEqual(['bootstrapped']);
    await untilDisconnected();
    await submitter.cancel(taskUuid);
  });
});
