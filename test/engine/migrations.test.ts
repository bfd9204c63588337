import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { DatabaseSettings, WorkerSettings } from '../../src/config/index.js';
import { Database, SCHEMA_VERSION, SchemaMigrator } from '../../src/database/index.js';
import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { expectConsistent } from './consistency.js';
import { tokens } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { chain } from './graphs.js';
import { failedForGood, succeeded } from './reports.js';

/** What every process that migrates holds. */
const MIGRATION_LOCK = 0x7461736b6572;

const NEWER = SCHEMA_VERSION + 1;

beforeAll(() => Logger.overrideLogger(false));

describe('The schema', () => {
  let empty: TestDatabase;
  let databases: Database[];

  beforeEach(async () => {
    empty = await createTestDatabase();
    databases = [];
  });

  afterEach(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await empty.drop();
  });

  function newProcess(): Database {
    const settings = Object.assign(new DatabaseSettings(), { databaseUrl: empty.url, poolSize: 1 });
    const database = new Database(settings, new WorkerSettings());
    databases.push(database);
    return database;
  }

  it('is brought up once when ten processes start on an empty database at once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => newProcess().open()));
    const [first] = databases;
    const rows = await first?.query<{ name: string; times: number }>(
      {
        name: 'migrations',
        text: 'SELECT name, count(*)::integer AS times FROM tasker.migrations GROUP BY name',
      },
      [],
    );
    expect(rows?.length).toBeGreaterThan(20);
    expect(rows?.filter(({ times }) => times !== 1)).toEqual([]);
  });

  it('holds no infinite time, which PostgreSQL 15 and 16 can subtract nothing from', async () => {
    const database = newProcess();
    await database.open();
    const columns = await database.query<{ place: string; column: string }>(
      {
        name: 'times',
        text: `SELECT c.oid::regclass::text AS place, quote_ident(a.attname) AS column
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE c.relnamespace = 'tasker'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
                 AND a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)`,
      },
      [],
    );
    expect(columns.length).toBeGreaterThanOrEqual(20);
    const looks = columns.map(
      ({ place, column }) =>
        `SELECT '${place}.${column}' AS infinite FROM ${place} WHERE NOT isfinite(${column})`,
    );
    expect(await database.query({ name: 'looks', text: looks.join(' UNION ALL ') }, [])).toEqual([]);
  });

  it('is the one that this release knows', async () => {
    const database = newProcess();
    await database.open();
    const rows = await database.query(
      { name: 'version', text: 'SELECT tasker.schema_version() AS version' },
      [],
    );
    expect(rows).toEqual([{ version: SCHEMA_VERSION }]);
  });

  it('is left alone by the second start', async () => {
    await newProcess().open();
    const log = jest.fn();
    const again = newProcess();
    await again.open();
    await new SchemaMigrator(again, { log, warn: log, error: log }).migrate();
    expect(log).not.toHaveBeenCalled();
  });

  it('lets a start through that has nothing to run while another process migrates', async () => {
    const first = newProcess();
    await first.open();
    const migrating = await first.connectDirect('migrates');
    await migrating.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await newProcess().open();
    await migrating.end();
  });
});

describe('A worker that knows an older schema than the database has', () => {
  let core: CoreDatabase;

  beforeEach(async () => {
    core = await CoreDatabase.create();
  });

  afterEach(() => core.drop());

  async function upgrade(): Promise<void> {
    await core.rows(
      `CREATE OR REPLACE FUNCTION tasker.schema_version() RETURNS integer
       LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ${NEWER} $$`,
    );
  }

  it('gets no work, and is told why, but records what it runs and keeps its leases', async () => {
    const worker = await core.connection();
    const template = await core.template(chain(2));
    const [one, two] = [
      await worker.submit({ template_id: template }),
      await worker.submit({ template_id: template }),
    ];
    await worker.submit({ template_id: template });
    const { steps, schemaIsNewer } = await worker.claim({ slots: 2 });
    expect(schemaIsNewer).toBe(false);

    await upgrade();
    expect(await worker.claim({ slots: 5 })).toMatchObject({ steps: [], schemaIsNewer: true });
    expect(await worker.claimAlone(tokens(1)[0] ?? '')).toMatchObject({ steps: [], schemaIsNewer: true });
    expect(await worker.extend(steps)).toEqual([]);
    const reports = steps.map((step) => (step.taskUuid === one ? succeeded(step) : failedForGood(step)));
    const answer = await worker.complete(reports, { slots: 5 });
    expect(answer).toMatchObject({
      steps: [],
      unrecorded: [],
      released: 1,
      settledTasks: [two],
      schemaIsNewer: true,
    });
    expect(await core.step(one, 'step_1')).toMatchObject({ state: 'complete' });
    expect(await core.step(one, 'step_2')).toMatchObject({ state: 'enqueued' });

    const newer = await core.connection();
    expect((await newer.claim({ slots: 5, schemaVersion: NEWER })).steps).toHaveLength(2);
    await expectConsistent(core);
  });

  it('is still given what it had claimed before, when it asks for a lost answer', async () => {
    const worker = await core.connection();
    await worker.submit({ template_id: await core.template(chain(1)) });
    const wish = { tokens: tokens(2) };
    const { steps } = await worker.claim(wish);
    await upgrade();
    expect((await worker.claim({ ...wish, repeated: true })).steps).toEqual(steps);
  });
});
