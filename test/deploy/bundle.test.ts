import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { SIX } from '../e2e/service-process.js';
import type { TaskAnswer } from '../e2e/service-process.js';
import { ask } from '../support/http.js';
import { createTestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { ROOT } from './image-build.js';

// It builds.
jest.setTimeout(180_000);

const run = promisify(execFile);

const SOURCES = [
  'build',
  'config',
  'nest-cli.json',
  'package.json',
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
];
const NODE = ['--enable-source-maps'];

const OTHER_VERSION = [
  '--import',
  'data:text/javascript,Object.defineProperty(process, "version", { value: "v20.12.0" })',
];

/** Tells whether V8 took the code that was made at the build. */
const ASK_LOADER = `import { fromCache } from './dist/service/bundle.loader.mjs'; console.log(fromCache);`;
/** Fails where no setting is right, and shows where in the source. */
const FAIL = `import { WorkerBootstrap } from './dist/service.js';
  await WorkerBootstrap.bootstrap({ settings: { port: -1 } }).catch(({ stack }) => console.log(stack));`;

let project: string;

beforeAll(async () => {
  project = join(await mkdtemp(join(tmpdir(), 'tasker-bundle-')), 'the project');
  for (const source of SOURCES) await cp(join(ROOT, source), join(project, source), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  await run('npm', ['run', 'build'], { cwd: project, env: { ...process.env, NODE_OPTIONS: '' } });
});

afterEach(async () => {
  await Program.killAll();
});

afterAll(async () => {
  await rm(join(project, '..'), { recursive: true, force: true });
});

/** What a module says that is written on the command line. */
async function answerOf(source: string, flags: readonly string[], cwd = project): Promise<string> {
  const args = [...flags, '--input-type=module', '--eval', source];
  return (await run(process.execPath, args, { cwd, env: {} })).stdout.trim();
}

const serviceFolder = (): string => join(project, 'dist/service');

async function edit(name: string, change: (content: Buffer) => Uint8Array): Promise<void> {
  const file = join(serviceFolder(), name);
  await writeFile(file, change(await readFile(file)));
}

/** Starts the service, has it run a task, and stops it; answers with its log, numbers left out. */
async function lifeOfService(flags: readonly string[]): Promise<readonly string[]> {
  const database = await createTestDatabase();
  try {
    const settings = { DATABASE_URL: database.url, PORT: '0', TASKER_WORKER_ID: 'w' };
    const service = new Program([...flags, 'dist/main.js'], settings, { cwd: project });
    const [, url = ''] = await service.says(/Listening on (http:\/\/[\d.]+:\d+)/);
    const { body } = await ask<TaskAnswer>(url, '/v1/tasks', SIX);
    expect(await ask(url, `/v1/tasks/${body.task_uuid}?wait_seconds=60`)).toMatchObject({
      body: { status: 'complete' },
    });
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    return service.output.trim().split('\n').map(wordsOfLine);
  } finally {
    await database.drop();
  }
}

function wordsOfLine(line: string): string {
  const { level, context, message }: Record<string, unknown> = JSON.parse(line);
  return `${String(level)} ${String(context)}: ${String(message).replaceAll(/\d+/g, '#')}`;
}

describe('The service as it is built', () => {
  it('starts with the code that V8 made of it at the build', async () => {
    expect(await answerOf(ASK_LOADER, NODE)).toBe('true');
  });

  it('tells errors by the lines of its source', async () => {
    const stack = await answerOf(FAIL, NODE);
    const [, line] = /the project\/src\/config\/settings\.loader\.ts:(\d+):\d+/.exec(stack) ?? [];
    const source = await readFile(join(ROOT, 'src/config/settings.loader.ts'), 'utf8');
    expect(source.split('\n')[Number(line) - 1]).toContain('throw new InvalidSettingsError');
  });

  describe('where V8 does not take that code', () => {
    let saidOtherwise: readonly string[];

    beforeAll(async () => {
      saidOtherwise = await lifeOfService(NODE);
    });

    beforeEach(async () => {
      await cp(serviceFolder(), join(project, '../kept'), { recursive: true });
    });

    afterEach(async () => {
      await cp(join(project, '../kept'), serviceFolder(), { recursive: true });
    });

    it('calls classes by the names that they have in the source', () => {
      expect(saidOtherwise).toContain('30 InstanceLoader: TaskerModule dependencies initialized');
      expect(saidOtherwise.filter((line) => /\b_[A-Z]|[a-z](_?#)\b/.test(line))).toEqual([]);
    });

    it.each<[string, () => Promise<void>, readonly string[]]>([
      ['it is gone', () => rm(join(serviceFolder(), 'bundle.cache')), NODE],
      ['it is empty', () => edit('bundle.cache', () => Buffer.alloc(0)), NODE],
      ['it was cut short', () => edit('bundle.cache', (code) => code.subarray(0, -1000)), NODE],
      ['it is damaged', () => edit('bundle.cache', (code) => code.fill('damage', 1_000_000)), NODE],
      ['Node is of another version', async () => undefined, [...NODE, ...OTHER_VERSION]],
      ['Node has other flags', async () => undefined, [...NODE, '--stack-size=900']],
    ])('does the same, and says the same: %s', async (_, harm, flags) => {
      await harm();
      expect(await answerOf(ASK_LOADER, flags)).toBe('false');
      expect(await lifeOfService(flags)).toEqual(saidOtherwise);
    });

    it('runs the bundle that is there, not the one that the code was made of', async () => {
      await edit('bundle.cjs', (text) =>
        Buffer.from(
          text.toString('latin1').replace('The settings are not valid', 'The settings are too short'),
        ),
      );
      expect(await answerOf(FAIL, NODE)).toContain('The settings are too short:');
    });

    it('names the place that it has been moved to', async () => {
      const place = join(project, '../moved');
      for (const name of ['dist', 'package.json', 'node_modules'])
        await cp(join(project, name), join(place, name), { recursive: true, verbatimSymlinks: true });
      expect(await answerOf(FAIL, [], place)).toContain('/moved/dist/service/bundle.cjs:');
      expect(await answerOf(FAIL, NODE, place)).toContain('/moved/src/config/settings.loader.ts:');
    });
  });
});
