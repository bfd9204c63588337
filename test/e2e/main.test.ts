import { execFile } from 'node:child_process';
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { processes, untilNobodyWorksIn } from '../embedded/observe.js';
import { ask } from '../support/http.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { removeTemporaryFolders, ServiceProcess, temporaryFolder } from './service-process.js';

jest.setTimeout(180_000);

const run = promisify(execFile);

afterEach(async () => {
  await Program.killAll();
  await removeTemporaryFolders();
});

describe('The service with a PostgreSQL of its own', () => {
  it('ends with 0 on SIGTERM and on SIGINT, leaves no process, and keeps its tasks', async () => {
    const dataDir = await temporaryFolder();
    const first = await ServiceProcess.start({ TASKER_DATA_DIR: dataDir });
    const taskUuid = await first.submitSix();
    expect(await first.status(taskUuid)).toBe('complete');
    first.program.signal('SIGTERM');
    expect(await first.program.exited).toEqual({ code: 0, signal: null });
    await untilNobodyWorksIn(dataDir);

    const second = await ServiceProcess.start({ TASKER_DATA_DIR: dataDir });
    expect(await second.status(taskUuid)).toBe('complete');
    expect(await second.status(await second.submitSix())).toBe('complete');
    second.program.signal('SIGINT');
    expect(await second.program.exited).toEqual({ code: 0, signal: null });
    await untilNobodyWorksIn(dataDir);
  });

  it('leaves no server behind when it is killed', async () => {
    const dataDir = await temporaryFolder();
    const service = await ServiceProcess.start({ TASKER_DATA_DIR: dataDir });
    const taskUuid = await service.submitSix();
    expect(await service.status(taskUuid)).toBe('complete');
    expect((await processes()).filter(({ command }) => command.includes(dataDir)).length).toBeGreaterThan(0);
    await service.program.kill();
    await untilNobodyWorksIn(dataDir);
  });

  it('ends in order when it is told to while it starts', async () => {
    const dataDir = await temporaryFolder();
    const program = ServiceProcess.launch({ TASKER_DATA_DIR: dataDir });
    await until('the server starts', async () =>
      (await processes()).some(({ command }) => command.includes(dataDir)),
    );
    program.signal('SIGTERM');
    expect(await program.exited).toEqual({ code: 0, signal: null });
    await untilNobodyWorksIn(dataDir);
  });

  it('runs as it is built', async () => {
    const folder = await temporaryFolder();
    const root = new URL('../..', import.meta.url).pathname;
    // What `nest build` does: compile, and copy the assets.
    await run(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      join(folder, 'dist'),
      '--noCheck',
      '--declaration',
      'false',
    ]);
    await cp(join(root, 'src'), join(folder, 'dist'), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));

    const dataDir = join(folder, 'data');
    const service = await ServiceProcess.start({ TASKER_DATA_DIR: dataDir }, join(folder, 'dist/main.js'));
    expect(await service.status(await service.submitSix())).toBe('complete');
    expect(await ask(service.url, '/health/ready')).toMatchObject({ status: 200 });
    service.program.signal('SIGTERM');
    expect(await service.program.exited).toEqual({ code: 0, signal: null });
    await untilNobodyWorksIn(dataDir);
  });
});
