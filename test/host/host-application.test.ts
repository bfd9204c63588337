import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Inject, Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { TaskClient, TaskerModule, TaskerWorker } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';

const job = workflow('job', { work: {} });
const LabModule = namespaceModule('lab', { work: () => 'done' });

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open(job);
});
afterAll(() => lab.close());

const settings = () => ({ databaseUrl: lab.databaseUrl, templatePaths: [lab.templates.path] });

async function withApplication(
  module: Type,
  use: (app: INestApplicationContext) => Promise<void> | void,
): Promise<void> {
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    await app.get(TaskerWorker).start();
    await use(app);
  } finally {
    await app.close();
  }
}

describe('An application that imports the module', () => {
  it('with a ScheduleModule of its own gets each cron job, interval and timeout once', async () => {
    @Injectable()
    class Jobs {
      @Cron('0 0 1 1 *')
      yearly(): void {}

      @Interval(3_600_000)
      hourly(): void {}

      @Timeout(3_600_000)
      later(): void {}
    }
    @Module({
      imports: [ScheduleModule.forRoot(), await TaskerModule.forRoot(settings()), LabModule],
      providers: [Jobs],
    })
    class Application {}
    await withApplication(Application, (app) => {
      // Each ScheduleModule would have a registry of its own, with every job of the application.
      const registries = [...app.get(ModulesContainer).values()].flatMap(({ providers }) => {
        const registry: unknown = providers.get(SchedulerRegistry)?.instance;
        return registry instanceof SchedulerRegistry ? [registry] : [];
      });
      expect({
        crons: registries.reduce((sum, registry) => sum + registry.getCronJobs().size, 0),
        intervals: registries.flatMap((registry) => registry.getIntervals()).length,
        timeouts: registries.flatMap((registry) => registry.getTimeouts()).length,
      }).toEqual({ crons: 1, intervals: 1, timeouts: 1 });
    });
  });

  it('needs no ScheduleModule', async () => {
    @Module({ imports: [await TaskerModule.forRoot(settings()), LabModule] })
    class Application {}
    await withApplication(Application, async (app) => {
      expect(() => app.get(SchedulerRegistry)).toThrow();
      const client = app.get(TaskClient);
      const { taskUuid } = await client.submit(requestFor(job));
      expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    });
  });
});

describe('The environment of an application that imports the module', () => {
  const before = { ...process.env };
  const home = process.cwd();
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tasker-host-'));
    process.chdir(folder);
  });

  afterEach(async () => {
    process.chdir(home);
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await rm(folder, { recursive: true });
  });

  /** Names that belong to the application, with values that the service would refuse, or follow. */
  const HOST_VARIABLES = {
    PORT: String.raw`\\.\pipe\iisnode-1`,
    HOST: 'http://billing.example.com/',
    TASKER_API_KEYS_FILE: '/keys/that/are/not/here',
    TASKER_API_KEYS: 'also given',
  };

  it.each([
    ['forRoot', () => TaskerModule.forRoot(settings())],
    [
      'forRootAsync',
      () =>
        TaskerModule.forRootAsync({ inject: ['SETTINGS'], useFactory: () => settings(), imports: [Where] }),
    ],
  ])('may have any PORT and HOST: %s neither reads nor checks HTTP settings', async (_, tasker) => {
    Object.assign(process.env, HOST_VARIABLES);
    @Module({ imports: [await tasker(), LabModule] })
    class Application {}
    await withApplication(Application, async (app) => {
      const client = app.get(TaskClient);
      const { taskUuid } = await client.submit(requestFor(job));
      expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    });
  });

  it('stays as it is, although the module reads its settings from .env', async () => {
    await writeFile('.env', 'TASKER_WORKER_ID=from-the-file\nBILLING_CURRENCY=EUR\nPORT=none\n');
    @Module({ imports: [await TaskerModule.forRoot(settings()), LabModule] })
    class Application {
      constructor(@Inject(TaskClient) readonly client: TaskClient) {}
    }
    await withApplication(Application, async (app) => {
      const { taskUuid } = await app.get(Application).client.submit(requestFor(job));
      await app.get(TaskClient).waitFor(taskUuid);
    });
    expect(await lab.rows('SELECT name FROM tasker.workers')).toContainEqual({ name: 'from-the-file' });
    expect(process.env).toEqual(before);
  });
});

@Module({ providers: [{ provide: 'SETTINGS', useValue: true }], exports: ['SETTINGS'] })
class Where {}
