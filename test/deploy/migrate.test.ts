import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';

import { SCHEMA_VERSION } from '../../src/database/index.js';
import { ServiceProcess, SIX } from '../e2e/service-process.js';
import { ask } from '../support/http.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';

jest.setTimeout(120_000);

const MIGRATE = fileURLToPath(new URL('../../src/migrate.ts', import.meta.url));
/** The lock under which processes migrate in turn. */
const MIGRATION_LOCK = 0x7461736b6572;

let database: TestDatabase;
let client: Client;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterEach(async () => {
  await Program.killAll();
  await client.end();
  await database.drop();
});

const migrate = (environment: Readonly<Record<string, string>> = {}): Program =>
  Program.typescript(MIGRATE, { DATABASE_URL: database.url, NO_COLOR: '1', ...environment });

async function count(text: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(text);
  return Number(rows[0]?.count);
}

describe('The command that only migrates', () => {
  it('brings an empty database up to date, the namespaces too, and starts nothing', async () => {
    const program = migrate();
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output).toMatch(/Ran \d+ migration.*tasker\.migrations\)/);
    expect(program.output).toMatch(/Ran \d+ migration.*tasker\.migrations_order_fulfillment\)/);
    expect(program.output).not.toMatch(/Listening|Worker .* runs/);
    expect(await count('SELECT tasker.schema_version() AS count')).toBe(SCHEMA_VERSION);
    expect(await count('SELECT count(*) FROM tasker.templates')).toBe(0);
    expect(await count('SELECT count(*) FROM tasker.workers')).toBe(0);

    const again = migrate();
    expect(await again.exited).toEqual({ code: 0, signal: null });
    expect(again.output).not.toContain('Ran ');
    expect(again.output).toContain('Every migration of this release has run');
  });

  it('leaves a service that runs beside it alone', async () => {
    const service = await ServiceProcess.start({ DATABASE_URL: database.url });
    const migrations = migrate();
    const taskUuid = await service.submitSix();
    expect(await migrations.exited).toEqual({ code: 0, signal: null });
    expect(await service.status(taskUuid)).toBe('complete');
    expect(await ask(service.url, '/v1/tasks', { ...SIX, context: { even_number: 8 } })).toMatchObject({
      status: 200,
    });
  });

  it('fails, so that nobody takes it for done, where the database can not be reached', async () => {
    const program = migrate({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' });
    await program.says(/does not answer yet/);
    program.signal('SIGTERM');
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.output).toContain('told to stop');
  });

  it('fails where it is told to stop while another process migrates', async () => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const program = migrate();
    await program.says(/Another process migrates/);
    program.signal('SIGTERM');
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(await count("SELECT count(*) FROM pg_namespace WHERE nspname = 'tasker'")).toBe(0);
  });

  it('fails with a setting that is wrong, by name', async () => {
    const program = migrate({ TASKER_POOL_SIZE: 'many' });
    expect(await program.exited).toEqual({ code: 1, signal: null });
    // Not on a terminal, so the log is JSON, and this is its only line.
    expect(JSON.parse(program.output)).toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('TASKER_POOL_SIZE = "many"'),
    });
  });
});
