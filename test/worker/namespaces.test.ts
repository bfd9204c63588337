import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { StepHandler, TaskClient, TaskerModule, TaskerWorker } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { namespaceModule, requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const red = workflow('job', { work: {} }, { namespace: 'red' });
const blue = workflow('job', { work: {} }, { namespace: 'blue', version: '2.0.0' });

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(red, blue);
});

afterEach(() => lab.close());

const modules = [
  namespaceModule('red', { work: () => 'red' }),
  namespaceModule('blue', { work: () => 'blue' }),
];

describe('TASKER_NAMESPACES', () => {
  it('restricts what a process runs', async () => {
    const onlyRed = await lab.worker({ imports: modules, supportedNamespaces: ['red'] });
    const [redTask, blueTask] = await Promise.all(
      [red, blue].map((of) => onlyRed.client.submit(requestFor(of))),
    );
    expect(await onlyRed.client.waitFor(redTask?.taskUuid ?? '')).toMatchObject({ status: 'complete' });
    expect(await onlyRed.client.get(blueTask?.taskUuid ?? '')).toMatchObject({
      steps: [{ state: 'enqueued', attempts: 0 }],
    });

    await lab.worker({ imports: modules, settings: { namespaces: ['blue'] } });
    expect(await onlyRed.client.waitFor(blueTask?.taskUuid ?? '')).toMatchObject({ status: 'complete' });
  });

  it('with a namespace that no module has keeps the service from starting', async () => {
    await expect(
      lab.worker({ imports: modules, supportedNamespaces: ['red', 'green'] }),
    ).rejects.toMatchObject({
      code: 'UNKNOWN_NAMESPACE',
      message: expect.stringMatching(/green.*modules serve: blue, red/),
    });
  });
});

describe('In another Nest application', () => {
  it('forRootAsync takes its settings from other providers', async () => {
    @Injectable()
    class Where {
      readonly databaseUrl = lab.databaseUrl;
    }
    @Module({ providers: [Where], exports: [Where] })
    class WhereModule {}
    @StepHandler('work')
    class Work {
      call(): string {
        return 'embedded';
      }
    }
    @Module({
      imports: [
        TaskerModule.forRootAsync({
          imports: [WhereModule],
          inject: [Where],
          useFactory: ({ databaseUrl }: Where) => ({ databaseUrl, templatePaths: [lab.templates.path] }),
        }),
        TaskerModule.forFeature({ namespace: 'red' }),
      ],
      providers: [Work],
    })
    class Application {}
    const app = await NestFactory.createApplicationContext(Application, {
      logger: false,
      abortOnError: false,
    });
    try {
      await app.get(TaskerWorker).start();
      const client = app.get(TaskClient);
      const { taskUuid } = await client.submit(requestFor(red));
      expect(await client.waitFor(taskUuid)).toMatchObject({ steps: [{ results: { result: 'embedded' } }] });
    } finally {
      await app.close();
    }
  });

  it('a namespace brings tables of its own, remembered in a migrations table of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tasker-migrations-'));
    await writeFile(join(folder, '0001_stock.sql'), 'CREATE TABLE red_stock (sku text)');
    try {
      for (let start = 0; start < 2; start += 1) {
        const worker = await lab.worker({
          imports: [
            {
              module: class RedModule {},
              imports: [TaskerModule.forFeature({ namespace: 'red', migrations: folder })],
              providers: namespaceModule('red', { work: () => 'red' }).providers ?? [],
            },
          ],
        });
        const { taskUuid } = await worker.client.submit(requestFor(red));
        expect(await worker.client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
        await lab.stopWorkers();
      }
      expect(await lab.rows('SELECT name FROM tasker.migrations_red')).toMatchObject([
        { name: '0001_stock' },
      ]);
      expect(await lab.rows("SELECT FROM tasker.migrations WHERE name = '0001_stock'")).toEqual([]);
      expect(await lab.rows('SELECT sku FROM red_stock')).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('a migration that fails keeps the service from starting, and leaves nothing of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tasker-migrations-'));
    await writeFile(join(folder, '0001_stock.sql'), 'CREATE TABLE red_stock (sku text); SELECT nonsense;');
    try {
      const start = lab.worker({
        imports: [
          {
            module: class RedModule {},
            imports: [TaskerModule.forFeature({ namespace: 'red', migrations: folder })],
          },
        ],
      });
      await expect(start).rejects.toThrow(/nonsense/);
      expect(await lab.rows("SELECT to_regclass('red_stock') AS found")).toEqual([{ found: null }]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
