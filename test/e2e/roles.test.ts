import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { ask } from '../support/http.js';
import { Lab } from '../support/lab.js';
import { Program } from '../support/program.js';
import { WORKFLOW_MODULES } from '../../src/workflows/index.js';
import { ServiceProcess, SIX } from './service-process.js';

jest.setTimeout(120_000);

let lab: Lab;

afterEach(async () => {
  await Program.killAll();
  await lab.close();
});

describe('With roles of their own', () => {
  it('an api process accepts tasks and runs none, a worker process runs them, and who waits hears of it', async () => {
    lab = await Lab.open();
    const environment = { DATABASE_URL: lab.databaseUrl };
    const api = await ServiceProcess.start({ ...environment, TASKER_ROLE: 'api' });
    const taskUuid = await api.submitSix();
    expect(await api.status(taskUuid, 0)).toBe('pending');
    expect(await ask(api.url, '/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'ready', system_info: { command_processor_active: false } },
    });
    const waiting = api.status(taskUuid);

    const worker = await ServiceProcess.start({ ...environment, TASKER_ROLE: 'worker' });
    expect(await waiting).toBe('complete');
    for (const path of ['/v1/tasks', `/v1/tasks/${taskUuid}`]) {
      expect(await ask(worker.url, path)).toMatchObject({
        status: 404,
        body: { error: { code: 'NOT_FOUND' } },
      });
    }
    for (const path of ['/health', '/health/live', '/health/ready', '/health/detailed']) {
      expect(await ask(worker.url, path)).toMatchObject({ status: 200 });
    }

    const held = fetch(new URL(`/v1/tasks/${await api.submitSix()}?wait_seconds=60`, api.url));
    api.program.signal('SIGTERM');
    expect((await held).status).toBe(200);
    expect(await api.program.exited).toEqual({ code: 0, signal: null });
  });
});

describe('Ten that start at once', () => {
  it('on an empty database all come up, and share it', async () => {
    lab = await Lab.open();
    const workers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        lab.worker({
          workerId: `worker ${index}`,
          imports: WORKFLOW_MODULES,
          settings: { templatePaths: ['config/tasks'], poolSize: 3 },
        }),
      ),
    );
    const tasks = await Promise.all(
      workers.map(async ({ client }) => client.waitFor((await client.submit(SIX)).taskUuid)),
    );
    expect(tasks.map(({ steps }) => steps.at(-1)?.results?.result)).toEqual(workers.map(() => 69));
  });
});
