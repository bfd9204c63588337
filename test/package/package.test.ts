import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '../support/postgres-server.js';
import { ConsumerApp } from './consumer-app.js';
import { bundleHost } from './host-bundle.js';
import { packProject, ROOT, type PackedProject } from './packed-project.js';
import { shownFiles } from './shown-files.js';

const REQUEST = {
  namespace: 'billing',
  name: 'monthly_invoice',
  version: '1.0.0',
  context: { customer: 'ada@example.com', hours: 2 },
};
/** What they show as files is compiled together, and run. */
const DOCUMENTS = ['README.md', 'docs/handlers.md', 'docs/testing.md'];
const RESULTS = { price_usage: 19000, store_invoice: 1, send_invoice: 'Invoice 1: 190 EUR' };

/** Runs the task in the README's own Nest application, the one with `TaskerModule.forRoot`. */
const RUN_IN_NEST_APPLICATION = `
import { NestFactory } from '@nestjs/core';
import { TaskClient, TaskerWorker } from 'tasker-nest';
import { taskResults } from 'tasker-nest/testing';
import { AppModule } from './snippets/existing.module.js';

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
await app.get(TaskerWorker).start();
const client = app.get(TaskClient);
const { taskUuid } = await client.submit(${JSON.stringify(REQUEST)});
const task = await client.waitFor(taskUuid, { timeoutMs: 20_000 });
process.stdout.write(JSON.stringify(taskResults(task)));
await app.close();
`;

describe('The package', () => {
  let temporary: string;
  let project: PackedProject;
  let app: ConsumerApp;
  let shown: ReadonlyMap<string, string>;

  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'tasker-package-'));
    // As root the embedded server runs as another user, who has to get in.
    await chmod(temporary, 0o755);
    project = await packProject(temporary);
    app = await ConsumerApp.create(join(temporary, 'billing'), project);
    shown = await shownFiles(...DOCUMENTS.map((document) => join(ROOT, document)));
    await app.write(shown);
    await app.write(new Map([['src/run-in-nest-application.ts', RUN_IN_NEST_APPLICATION]]));
  }, 120_000);

  afterAll(async () => {
    await rm(temporary, { recursive: true, force: true });
  });

  it('has everything that it needs at run time, its documents, and no tests', async () => {
    const files = await project.files();
    const migrations = await readdir(join(ROOT, 'src/database/migrations'));
    const documents = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
    expect(files).toEqual(
      expect.arrayContaining([
        ...migrations.map((name) => `dist/database/migrations/${name}`),
        'dist/database/embedded/guard.mjs',
        'dist/testing/folder-remover.mjs',
        'dist/main.js',
        'config/tasks/linear_workflow/mathematical_sequence.yaml',
        ...documents.map((name) => `docs/${name}`),
        '.env.example',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(files.filter((name) => /\.(spec|test|fixture)\.|^(src|test)\/|\.tsbuildinfo$/.test(name))).toEqual(
      [],
    );
  });

  it('exports the library and not the example workflows, and nothing else can be imported', async () => {
    const { output } = await app.node([
      '--input-type=module',
      '--eval',
      `const names = async (path) => Object.keys(await import(path));
       const refusal = await import('tasker-nest/dist/engine/index.js').catch((error) => error.code);
       console.log(JSON.stringify([await names('tasker-nest'), await names('tasker-nest/testing'), refusal]));`,
    ]);
    const [library, testing, refusal]: [string[], string[], string] = JSON.parse(output);
    expect(library).toEqual(
      expect.arrayContaining(['StepHandler', 'TaskClient', 'TaskerModule', 'WorkerBootstrap']),
    );
    expect(library.filter((name) => /Workflow|Engine/.test(name))).toEqual([]);
    expect(testing).toEqual(
      expect.arrayContaining(['startTestWorker', 'TestClock', 'TestDatabase', 'waitForTask']),
    );
    expect(refusal).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('tells the compiler what handlers may do with context, dependencies and results', async () => {
    const broken = new Map(
      [
        ['src/billing/store-invoice.handler.ts', 'step.context.customer', 'step.context.client'],
        [
          'src/billing/send-invoice.handler.ts',
          `dependency('store_invoice')`,
          `dependency('archive_invoice')`,
        ],
        [
          'src/billing/price-usage.handler.ts',
          'StepHandlerContract<InvoiceContext, number>',
          'StepHandlerContract<InvoiceContext, boolean>',
        ],
      ].map(([path = '', right = '', wrong = '']) => {
        const text = shown.get(path) ?? '';
        expect(text).toContain(right);
        return [path, text.replace(right, wrong)];
      }),
    );
    await app.write(broken);
    const { output } = await app.tsc('--noEmit');
    expect(
      output
        .match(/^src\S+: error TS\d+/gm)
        ?.map((line) => line.replace(/\(.*\)/, ''))
        .toSorted(),
    ).toEqual([
      'src/billing/price-usage.handler.ts: error TS2416',
      'src/billing/send-invoice.handler.ts: error TS2345',
      'src/billing/store-invoice.handler.ts: error TS2339',
    ]);
    await app.write(shown);
  }, 60_000);

  describe('in the application that the README builds', () => {
    beforeAll(async () => {
      expect(await app.tsc()).toEqual({ code: 0, output: '' });
    }, 60_000);

    it.each([
      ['the README', 'monthly-invoice'],
      ['docs/testing.md', 'mail-outage'],
    ])(
      'passes the test of %s, on a PostgreSQL that starts and goes with it',
      async (_, name) => {
        const { code, output } = await app.node(['--test', `dist/billing/${name}.test.js`]);
        expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^\S+ pass 1$/m) });
      },
      60_000,
    );

    it('runs a task through TaskerModule.forRoot', async () => {
      const database = await createTestDatabase();
      try {
        const answer = await app.node(['dist/run-in-nest-application.js'], { DATABASE_URL: database.url });
        expect(answer).toEqual({ code: 0, output: JSON.stringify(RESULTS) });
      } finally {
        await database.drop();
      }
    }, 60_000);

    it('runs a task when it is one file, alone in a folder with its own templates and migrations', async () => {
      const folder = join(temporary, 'bundled');
      // As far below the folder as the module that names the migrations was.
      const bundle = join(folder, 'dist/billing/main.mjs');
      await bundleHost(join(app.folder, 'dist/run-in-nest-application.js'), bundle);
      for (const own of ['config', 'migrations'])
        await cp(join(app.folder, own), join(folder, own), { recursive: true });
      const database = await createTestDatabase();
      try {
        const alone = new ConsumerApp(folder);
        const answer = await alone.node([bundle], { DATABASE_URL: database.url });
        expect(answer).toEqual({ code: 0, output: JSON.stringify(RESULTS) });
      } finally {
        await database.drop();
      }
    }, 60_000);

    it('serves the REST API through WorkerBootstrap, and ends in order', async () => {
      const database = await createTestDatabase();
      const port = await freePort();
      const service = app.start(['dist/main.js'], { DATABASE_URL: database.url, PORT: String(port) });
      try {
        const tasks = `http://127.0.0.1:${port}/v1/tasks`;
        const submitted = await whenListening(() =>
          fetch(tasks, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(REQUEST),
          }),
        );
        const { task_uuid: uuid }: { task_uuid: string } = JSON.parse(await submitted.text());
        const settled = await fetch(`${tasks}/${uuid}?wait_seconds=20`);
        expect(await settled.json()).toMatchObject({ status: 'complete', completed_steps: 3 });

        const ended = once(service, 'exit');
        service.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      } finally {
        service.kill('SIGKILL');
        await database.drop();
      }
    }, 60_000);
  });
});

async function whenListening(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await sleep(100);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port');
  return address.port;
}
