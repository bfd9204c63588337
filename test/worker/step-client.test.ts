import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Query, types } from 'pg';
import type { ClientBase, Connection } from 'pg';

import type { TaskSequenceStep, TaskStep } from '../../src/index.js';
import { Behaviours, once, twice } from './behaviours.js';

jest.setTimeout(120_000);

let all: Behaviours;
/** May do nothing in the schema "tasker". */
let tenant: string;

beforeAll(async () => {
  all = await Behaviours.start({ settings: { poolSize: 4, maxConcurrency: 4 } }, async (lab) => {
    const [row] = await lab.rows<{ name: string }>('SELECT current_database() AS name');
    tenant = `tenant_${row?.name}`;
    await lab.rows(`CREATE ROLE ${tenant}`);
    for (const setting of [
      "statement_timeout = '14s'",
      "DateStyle = 'SQL, DMY'",
      "default_transaction_isolation = 'serializable'",
    ])
      await lab.rows(`ALTER DATABASE ${row?.name} SET ${setting}`);
    await lab.rows('CREATE TABLE ledger (note text)');
    await lab.rows(`GRANT INSERT ON ledger TO ${tenant}`);
    await lab.rows('CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$BEGIN COMMIT; END$$');
  });
});

beforeEach(async () => {
  await all.lab.rows('TRUNCATE ledger');
});

afterAll(async () => {
  await all.lab.rows(`DROP OWNED BY ${tenant}`);
  await all.lab.rows(`DROP ROLE ${tenant}`);
  await all.close();
});

async function ledger(): Promise<readonly string[]> {
  const rows = await all.lab.rows<{ note: string }>('SELECT note FROM ledger ORDER BY note');
  return rows.map(({ note }) => note);
}

const BOOK = "INSERT INTO ledger VALUES ('booked')";

/** Books something, and then uses the client as it must not be used. */
function booking(misuse: (client: ClientBase) => unknown): (step: TaskSequenceStep) => Promise<unknown> {
  return (step) =>
    step.transaction(async (client) => {
      await client.query(BOOK);
      await misuse(client);
      return 'done';
    });
}

async function expectRefused(misuse: (client: ClientBase) => unknown, named: RegExp): Promise<void> {
  const step = await all.expectFailure(twice, booking(misuse), 'TRANSACTION_MISUSE', named);
  expect(step).toMatchObject({ attempts: 1, results: { error: { retryable: false } } });
  expect(await ledger()).toEqual([]);
}

function expectNoticed(step: TaskStep): void {
  expect(step).toMatchObject({
    state: 'error',
    attempts: 1,
    results: { result: null, metadata: { error_code: 'TRANSACTION_ENDED' }, error: { retryable: false } },
  });
  expect(step.results?.error?.message).toMatch(/was ended by the handler/);
}

function releaseByAnswer(client: ClientBase): unknown {
  const answer: unknown = client.on('notice', () => undefined);
  return Reflect.apply(Reflect.get(Object(answer), 'release'), answer, []);
}

describe('In step.transaction a handler can’t', () => {
  it.each(['release', 'end', 'connect', 'removeAllListeners'])('call client.%s()', async (method) => {
    const call = (client: ClientBase): unknown => Reflect.apply(Reflect.get(client, method), client, []);
    await expectRefused(call, new RegExp(`client\\.${method}\\(\\) can't be called`));
  });

  it('change a member of the client', async () => {
    await expectRefused(
      (client) => Object.assign(client, { release: () => undefined }),
      /client\.release can't/,
    );
  });

  it.each([
    'BEGIN',
    'start transaction',
    'COMMIT',
    'Commit and chain',
    'END',
    'ABORT',
    'ROLLBACK',
    'ROLLBACK AND CHAIN',
    "PREPARE TRANSACTION 'x'",
    'DISCARD ALL',
    'DEALLOCATE ALL',
    '-- done\n/* so /* now */ it is */ COMMIT',
    "SELECT 'it''s'; COMMIT",
  ])('run %j', async (sql) => {
    await expectRefused((client) => client.query(sql), /can't be run in step\.transaction/);
  });

  it.each<[string, (client: ClientBase) => unknown]>([
    ['a configuration', (client) => client.query({ text: 'COMMIT' })],
    ['a query object', (client) => client.query(new Query('COMMIT'))],
    [
      'a stream over a cursor',
      (client) => Reflect.apply(client.query.bind(client), client, [streaming('COMMIT')]),
    ],
    [
      'a query with a callback',
      (client) =>
        new Promise((resolve, reject) => {
          client.query('COMMIT', (error, result) =>
            error instanceof Error ? reject(error) : resolve(result),
          );
        }),
    ],
  ])('run COMMIT in %s', async (_, run) => {
    await expectRefused(run, /^COMMIT can't be run/);
  });

  it('get at the connection by what its methods answer', async () => {
    await expectRefused(releaseByAnswer, /client\.release\(\)/);
  });
});

describe('In step.transaction a handler can', () => {
  it('undo a part with savepoints, and use the words in texts and functions', async () => {
    const step = await all.step(once, (sequenceStep) =>
      sequenceStep.transaction(async (client) => {
        await client.query('SAVEPOINT before');
        await client.query(BOOK);
        await client.query('ROLLBACK TO SAVEPOINT before; RELEASE before');
        await client.query("INSERT INTO ledger SELECT CASE WHEN true THEN 'COMMIT; END' END");
        await client.query('CREATE FUNCTION pg_temp.one() RETURNS int BEGIN ATOMIC SELECT 1; END');
        const { rows } = await client.query<{ one: number }>('SELECT pg_temp.one() AS one');
        return rows[0]?.one;
      }),
    );
    expect(step.results?.result).toBe(1);
    expect(await ledger()).toEqual(['COMMIT; END']);
  });

  it('take on a role or a time limit under which the engine could not record the step', async () => {
    const step = await all.step(once, (sequenceStep) =>
      sequenceStep.transaction(async (client) => {
        await client.query(`SET LOCAL ROLE ${tenant}`);
        await client.query(BOOK);
        await client.query("SELECT set_config('statement_timeout', '1', true)");
        return 'done';
      }),
    );
    expect(step.state).toBe('complete');
    expect(await ledger()).toEqual(['booked']);
  });
});

describe('A transaction that its handler has ended, past what is refused,', () => {
  it.each(['COMMIT', 'ROLLBACK', 'COMMIT; BEGIN', 'COMMIT AND CHAIN', 'ROLLBACK; BEGIN'])(
    'fails its step for good: %s',
    async (sql) => {
      expectNoticed(
        await all.step(
          twice,
          booking((client) => runHidden(client, sql)),
        ),
      );
    },
  );

  it('fails its step for good also if the handler throws, and tells what it threw', async () => {
    const step = await all.step(
      twice,
      booking(async (client) => {
        await runHidden(client, 'COMMIT');
        throw new Error('out of stock');
      }),
    );
    expectNoticed(step);
    expect(step.results?.error?.message).toMatch(/failed with: out of stock/);
  });

  it('is no transaction of a procedure: PostgreSQL refuses COMMIT there', async () => {
    await all.expectFailure(
      once,
      booking((client) => client.query('CALL commits()')),
      'HANDLER_ERROR',
      /invalid transaction termination/,
    );
    expect(await ledger()).toEqual([]);
  });
});

describe('What a step leaves at its connection is not there for the next one:', () => {
  /** What a step finds; `pid` tells the connection. */
  const LOOK = `
    SELECT pg_backend_pid() AS pid, current_user, session_user, current_setting('search_path') AS search_path,
      current_setting('DateStyle') AS date_style, current_setting('default_transaction_isolation') AS isolation,
      current_setting('statement_timeout') AS statement_timeout, current_setting('TimeZone') AS zone,
      coalesce(current_setting('app.tenant', true), '') AS tenant,
      ARRAY(SELECT pg_listening_channels()) AS channels,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
      (SELECT count(*)::int FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS tables,
      (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
      ARRAY(SELECT name FROM pg_prepared_statements WHERE from_sql) AS prepared`;

  async function look(): Promise<Readonly<Record<string, unknown>>> {
    const step = await all.step(once, (sequenceStep) =>
      sequenceStep.transaction(async (client) => {
        const { rows } = await client.query<Record<string, unknown>>(LOOK);
        const { rows: dates } = await client.query<{ today: unknown }>('SELECT current_date AS today');
        return {
          ...rows[0],
          listeners: ['notification', 'notice', 'error'].map((name) => client.listenerCount(name)),
          today: typeof dates[0]?.today,
        };
      }),
    );
    return { ...Object(step.results?.result) };
  }

  it.each<[string, (client: ClientBase) => unknown]>([
    ['a role', (client) => client.query(`SET ROLE ${tenant}`)],
    ['a session’s user', (client) => client.query(`SET SESSION AUTHORIZATION ${tenant}`)],
    ['a search path', (client) => client.query('SET search_path = pg_temp')],
    ['a time limit', (client) => client.query("SET statement_timeout = '1h'")],
    ['a time zone', (client) => client.query("SET TIME ZONE 'Asia/Tokyo'")],
    ['a setting of one’s own', (client) => client.query("SELECT set_config('app.tenant', 'a', false)")],
    ['RESET ALL', (client) => client.query("SET app.tenant = 'a'; RESET ALL; SET app.tenant = 'b'")],
    ['LISTEN', (client) => client.query('LISTEN gossip')],
    ['an advisory lock', (client) => client.query('SELECT pg_advisory_lock(4711)')],
    ['a temporary table', (client) => client.query('CREATE TEMP TABLE scratch (n int)')],
    ['a cursor', (client) => client.query('DECLARE held CURSOR WITH HOLD FOR SELECT 1')],
    ['a prepared statement', (client) => client.query('PREPARE answer AS SELECT 42')],
    ['listeners', (client) => client.on('notice', () => undefined).once('notification', () => undefined)],
    [
      'a type parser',
      (client) => client.setTypeParser(types.builtins.DATE, (text: string) => Number(text.slice(0, 4))),
    ],
  ])('%s', async (_, leave) => {
    const before = await look();
    const left = await all.step(once, (sequenceStep) =>
      sequenceStep.transaction(async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await leave(client);
        return rows[0]?.pid;
      }),
    );
    expect(left.state).toBe('complete');
    const after = await lookAt(left.results?.result);
    expect({ ...after, pid: 0 }).toEqual({ ...before, pid: 0 });
    // As the database has it, but for what the engine needs.
    expect(after).toMatchObject({
      statement_timeout: '14s',
      date_style: 'ISO, DMY',
      isolation: 'read committed',
    });
  });

  /** As a step finds it on this connection, or on another one when this is closed. */
  async function lookAt(pid: unknown): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = await look();
      const [open] = await all.lab.rows('SELECT FROM pg_stat_activity WHERE pid = $1', [pid]);
      if (found['pid'] === pid || open === undefined) return found;
    }
  }

  it('but the engine’s own prepared statements are', async () => {
    await look();
    const step = await all.step(once, (sequenceStep) =>
      sequenceStep.transaction(async (client) => {
        const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_prepared_statements');
        return rows.map(({ name }) => name);
      }),
    );
    expect(step.results?.result).toContain('tasker_complete_steps');
  });
});

/** As pg-query-stream: what is run is known to a cursor in it. */
function streaming(text: string): object {
  return { cursor: { text }, submit: () => undefined };
}

/** Runs an SQL text that nothing but the connection sees. */
function runHidden(client: ClientBase, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query(
      new HiddenQuery(sql, (error: unknown) => (error instanceof Error ? reject(error) : resolve('run'))),
    );
  });
}

class HiddenQuery extends Query {
  readonly #sql: string;

  constructor(sql: string, callback: (error: unknown) => void) {
    super({ text: '' });
    this.#sql = sql;
    Object.assign(this, { callback });
  }

  override submit = (connection: Connection): void => connection.query(this.#sql);
}
