import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, INestApplicationContext, OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import {
  OnDomainEvent,
  PermanentStepError,
  RetryableStepError,
  StepExecutionResult,
  TaskClient,
  TaskerModule,
  TaskerWorker,
} from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening } from '../support/until.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';

const job = workflow('job', { work: { publishes_events: [{ name: 'job.done' }] } });

/** A client as a host has them: closed in the hook that each test says. */
class Client {
  readonly closed = new Happening();
  isOpen = true;

  close(): void {
    this.isOpen = false;
    this.closed.happen();
  }
}

let client: Client;
let work: () => unknown;
let began: Happening;
/** What the subscriber does with an event; undefined: nothing. */
let onEvent: (() => Promise<void>) | undefined;
let destroy: () => Promise<void> | void;
let beforeShutdown: () => void;

/** Of the root module, whose hooks come first at a shutdown. */
@Injectable()
class Hooks implements OnModuleDestroy, BeforeApplicationShutdown {
  async onModuleDestroy(): Promise<void> {
    await destroy();
  }

  beforeApplicationShutdown(): void {
    beforeShutdown();
  }
}

@Injectable()
class Listener {
  @OnDomainEvent('job.done', { name: 'listener', from: 'beginning' })
  async onDone(): Promise<void> {
    await onEvent?.();
  }
}

describe('A host application that shuts down', () => {
  let lab: Lab;
  let submitter: TaskClient;

  beforeAll(async () => {
    lab = await Lab.open(job);
    ({ client: submitter } = await lab.worker({ settings: { role: 'api' } }));
  });

  afterAll(() => lab.close());

  beforeEach(async () => {
    await lab.rows('TRUNCATE tasker.tasks, tasker.domain_events, tasker.event_subscriptions CASCADE');
    client = new Client();
    began = new Happening();
    work = () => 1;
    onEvent = undefined;
    destroy = () => undefined;
    beforeShutdown = () => undefined;
  });

  async function start(): Promise<INestApplicationContext> {
    const handlers = {
      work: () => {
        began.happen();
        return work();
      },
    };
    @Module({
      imports: [
        await TaskerModule.forRoot({ databaseUrl: lab.databaseUrl, templatePaths: [lab.templates.path] }),
        namespaceModule('lab', handlers),
      ],
      providers: [Hooks, Listener],
    })
    class Host {}
    const app = await NestFactory.createApplicationContext(Host, { logger: false, abortOnError: false });
    await app.get(TaskerWorker).start();
    return app;
  }

  /** Closes the host while its handler runs; answers how the step stands then. */
  async function closeWhileWorking(): Promise<unknown> {
    const app = await start();
    const { taskUuid } = await app.get(TaskClient).submit(requestFor(job));
    await began.happened;
    await app.close();
    const { steps } = await submitter.get(taskUuid);
    return steps[0];
  }

  const UNSPENT = { state: 'enqueued', attempts: 0, lostCount: 0 };

  it.each([
    ['throws', () => Promise.reject(new TypeError('the client is closed'))],
    ['answers with what is no result', () => Promise.resolve(undefined)],
  ])('hands a step back unspent that %s because its client was closed in onModuleDestroy', async (_, end) => {
    destroy = () => client.close();
    work = () => client.closed.happened.then(end);
    expect(await closeWhileWorking()).toMatchObject(UNSPENT);
  });

  it.each([
    ['a success', () => 7, { state: 'complete', attempts: 1 }],
    [
      'a PermanentStepError',
      () => {
        throw new PermanentStepError('no');
      },
      { state: 'error', attempts: 1 },
    ],
    [
      'a RetryableStepError',
      () => {
        throw new RetryableStepError('later');
      },
      { state: 'error', attempts: 1 },
    ],
    [
      'an explicit failure',
      () => StepExecutionResult.failure({ message: 'no' }),
      { state: 'error', attempts: 1 },
    ],
  ])('records %s that comes after the shutdown has begun', async (_, end, expected) => {
    destroy = () => client.close();
    work = async () => {
      await client.closed.happened;
      return end();
    };
    expect(await closeWhileWorking()).toMatchObject(expected);
  });

  it('begins no step in its first hook, nor after it', async () => {
    const app = await start();
    let taskUuid = '';
    work = () => {
      throw new Error('began');
    };
    destroy = async () => {
      ({ taskUuid } = await app.get(TaskClient).submit(requestFor(job)));
      for (let times = 0; times < 30; times += 1) await app.get(TaskClient).get(taskUuid);
    };
    await app.close();
    expect((await submitter.get(taskUuid)).steps[0]).toMatchObject(UNSPENT);
    expect(
      await lab.rows('SELECT FROM tasker.events WHERE step_index IS NOT NULL AND task_uuid = $1', [taskUuid]),
    ).toEqual([]);
  });

  it('lets steps end before a client is closed in beforeApplicationShutdown', async () => {
    const draining = new Happening();
    destroy = () => draining.happen();
    beforeShutdown = () => client.close();
    work = async () => {
      await draining.happened;
      // A round trip, for which a hook that came earlier would not wait.
      await lab.rows('SELECT 1');
      return client.isOpen;
    };
    expect(await closeWhileWorking()).toMatchObject({ state: 'complete', results: { result: true } });
  });

  it('counts no failure of a subscriber whose client is closed, and delivers the event again', async () => {
    const delivering = new Happening();
    onEvent = async () => {
      delivering.happen();
      await client.closed.happened;
      throw new Error('the client is closed');
    };
    destroy = () => client.close();
    const app = await start();
    await app.get(TaskClient).submit(requestFor(job));
    await delivering.happened;
    await app.close();
    expect(await lab.rows('SELECT failures, last_error, owner FROM tasker.event_subscriptions')).toEqual([
      { failures: 0, last_error: null, owner: null },
    ]);

    const again = new Happening();
    onEvent = async () => again.happen();
    const next = await start();
    await again.happened;
    await next.close();
  });

  it('may be closed twice, also at once', async () => {
    destroy = () => client.close();
    work = () => client.closed.happened;
    const app = await start();
    const { taskUuid } = await app.get(TaskClient).submit(requestFor(job));
    await began.happened;
    await Promise.all([app.close(), app.close()]);
    await app.close();
    expect((await submitter.get(taskUuid)).steps[0]).toMatchObject(UNSPENT);
  });
});
