import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { TestDatabase } from './index.js';

const ROOT = join(import.meta.dirname, '../..');

describe('TestDatabase', () => {
  describe('on the server that TASKER_TEST_DATABASE_URL names', () => {
    beforeAll(() => {
      process.env['TASKER_TEST_DATABASE_URL'] = process.env['TASKER_TEST_SERVER_URL'];
    });
    afterAll(() => {
      delete process.env['TASKER_TEST_DATABASE_URL'];
    });

    it('is empty, apart from every other, and gone once dropped', async () => {
      const [one, other] = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
      try {
        await query(one.url, 'CREATE TABLE mine (n integer)');
        expect(await query(other.url, `SELECT to_regclass('mine') AS mine`)).toEqual([{ mine: null }]);
        await one.drop();
        await one.drop();
        await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
      } finally {
        await Promise.all([one.drop(), other.drop()]);
      }
    });

    it('keeps what the URL says beside the database', async () => {
      process.env['TASKER_TEST_DATABASE_URL'] += '?application_name=mine';
      const database = await TestDatabase.create();
      try {
        expect(await query(database.url, 'SHOW application_name')).toEqual([{ application_name: 'mine' }]);
      } finally {
        await database.drop();
      }
    });

    it('says what it expects where there is no server, without the password', async () => {
      process.env['TASKER_TEST_DATABASE_URL'] = 'postgres://someone:secret@127.0.0.1:1/postgres';
      const failure = await TestDatabase.create().catch((error: unknown) => String(error));
      expect(failure).toMatch(
        /postgres:\/\/someone:\*\*\*@127\.0\.0\.1:1.*ECONNREFUSED.*TASKER_TEST_DATABASE_URL/,
      );
      expect(failure).not.toContain('secret');
    });
  });

  describe('without a server given', () => {
    it.each(['SIGKILL', 'end'] as const)(
      'is on one of this process, which goes with it and leaves no file: %s',
      async (ending) => {
        const temporary = await mkdtemp(join(tmpdir(), 'tasker-test-spec-'));
        await chmod(temporary, 0o755);
        const owner = spawn(
          process.execPath,
          [
            '--import',
            join(ROOT, 'test/support/register-ts.mjs'),
            join(ROOT, 'src/testing/test-database-owner.fixture.ts'),
          ],
          {
            cwd: ROOT,
            env: {
              PATH: process.env['PATH'],
              TMPDIR: temporary,
              DATABASE_URL: 'postgres://127.0.0.1:1/not-mine',
            },
            stdio: ['pipe', 'pipe', 'inherit'],
          },
        );
        try {
          const [first = '', second = ''] = (await firstLine(owner.stdout)).split(' ');
          expect(new URL(first).host).toBe(new URL(second).host);
          expect(await serverFolders(temporary)).toHaveLength(1);
          await query(first, 'SELECT 1');

          const ended = once(owner, 'exit');
          if (ending === 'SIGKILL') owner.kill('SIGKILL');
          else owner.stdin.end();
          await ended;
          await until(async () => (await serverFolders(temporary)).length === 0);
          await expect(query(first, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        } finally {
          owner.kill('SIGKILL');
          await rm(temporary, { recursive: true, force: true });
        }
      },
      60_000,
    );
  });
});

/** Without the copy of the binaries, which is kept for the next server if PostgreSQL's user can't enter this project's folder. */
async function serverFolders(temporary: string): Promise<readonly string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith('tasker-testing-'));
}

async function firstLine(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) return line;
  throw new Error('The owner ended before it had a database');
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
