import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { untilNobodyWorksIn } from '../embedded/observe.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { workflow } from '../support/workflows.js';
import { removeTemporaryFolders, ServiceProcess, temporaryFolder } from './service-process.js';

jest.setTimeout(180_000);

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await Program.killAll();
  await removeTemporaryFolders();
});

afterAll(() => database.drop());

async function expectRefusal(environment: Record<string, string>, ...messages: RegExp[]): Promise<string> {
  const program = ServiceProcess.launch({ DATABASE_URL: database.url, ...environment });
  expect(await program.exited).toEqual({ code: 1, signal: null });
  for (const message of messages) expect(program.output).toMatch(message);
  expect(program.output).not.toMatch(/^\s+at /m);
  return program.output;
}

describe('The service does not start, says why, and leaves nothing behind', () => {
  it('with a setting that is wrong', async () => {
    await expectRefusal({ TASKER_MAX_CONCURRENCY: 'many' }, /TASKER_MAX_CONCURRENCY/, /many/);
  });

  it('in production without a database, whose data would be on the disk of a container', async () => {
    const dataDir = await temporaryFolder();
    const ownServer = { NODE_ENV: 'production', DATABASE_URL: '', TASKER_DATA_DIR: dataDir };
    await expectRefusal(
      ownServer,
      /DATABASE_URL: expected when NODE_ENV is production.*set TASKER_EMBEDDED_IN_PRODUCTION=true/,
    );
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('with a template that is wrong', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      join(folder, 'bad.yaml'),
      'name: bad\nnamespace_name: linear_workflow\nversion: 1.0.0\nsteps: 3\n',
    );
    const dataDir = await temporaryFolder();
    const ownServer = { DATABASE_URL: '', TASKER_DATA_DIR: dataDir };
    await expectRefusal({ ...ownServer, TASKER_TEMPLATE_PATH: folder }, /bad\.yaml/, /steps/);
    await untilNobodyWorksIn(dataDir);
  });

  it('with a step that nobody handles', async () => {
    const folder = await temporaryFolder();
    const lonely = workflow('lonely', { nobody_does_this: {} }, { namespace: 'linear_workflow' });
    await writeFile(join(folder, 'lonely.yaml'), JSON.stringify(lonely));
    await expectRefusal(
      { TASKER_TEMPLATE_PATH: folder },
      /lonely\.yaml step "nobody_does_this": no handler/,
      /LinearStep1Handler in LinearWorkflowModule/,
    );
  });

  it('with a namespace that it does not have', async () => {
    await expectRefusal({ TASKER_NAMESPACES: 'linear_workflow,nowhere' }, /TASKER_NAMESPACES names nowhere/);
  });

  it.each(['/proc/nowhere', '/proc/self/nowhere/deeper', '/etc/hostname', '/etc/hostname/below'])(
    'with a data folder that can not be: %s',
    async (dataDir) => {
      const output = await expectRefusal({ DATABASE_URL: '', TASKER_DATA_DIR: dataDir });
      const said = output.split('\n').filter((line) => line.includes('TASKER_DATA_DIR'));
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(`TASKER_DATA_DIR = "${dataDir}": expected a directory`);
      expect(said[0]).toMatch(/ENOENT|EACCES|not a directory/);
    },
  );

  it('with a database that does not let it in', async () => {
    const url = new URL(database.url);
    url.pathname = '/there_is_no_such_database';
    await expectRefusal(
      { DATABASE_URL: url.href },
      /there_is_no_such_database.*check user, password and database in DATABASE_URL/,
    );
  });

  it('on a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const output = await expectRefusal({ PORT: String(port) }, /EADDRINUSE.*set PORT/);
      expect(output.match(/EADDRINUSE/g)).toHaveLength(1);
      expect(output).not.toMatch(/Worker \S+ runs/);
    } finally {
      server.close();
    }
  });
});
