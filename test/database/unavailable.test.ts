import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';

import { PermanentStepError } from '../../src/index.js';
import type { WorkerHandle } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(60_000);

const lone = workflow('lone', { only: {} });
const broken = workflow('broken', { fails: {} });

/** Raises what `raised` says when a task changes or a step completes, and counts in a way that no rollback undoes. */
const RAISER = `
  CREATE TABLE raised (state text);
  CREATE SEQUENCE raises;
  CREATE FUNCTION raise_it() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE v_state text := (SELECT state FROM public.raised);
  BEGIN
    IF v_state IS NULL THEN RETURN NEW; END IF;
    PERFORM nextval('public.raises');
    RAISE EXCEPTION 'as the test wants it' USING ERRCODE = v_state;
  END $$;
  CREATE TRIGGER raise_it BEFORE INSERT OR UPDATE ON tasker.tasks FOR EACH ROW EXECUTE FUNCTION raise_it();
  CREATE TRIGGER raise_it BEFORE UPDATE ON tasker.steps FOR EACH ROW
    WHEN (NEW.state = 4) EXECUTE FUNCTION raise_it();`;

const RETRY_LATER = {
  status: 503,
  later: '1',
  body: { error: { code: 'SERVICE_UNAVAILABLE', retry_after_seconds: 1 } },
};

let lab: Lab;
let worker: WorkerHandle;
/** A task whose step is in error. */
let path: string;
let calls = 0;
let mayEnd = new Happening();

async function start(databaseUrl = lab.databaseUrl): Promise<WorkerHandle> {
  return lab.worker({
    enableWebApi: true,
    handlers: {
      only: () => {
        calls += 1;
        return mayEnd.happened.then(() => 'done');
      },
      fails: () => Promise.reject(new PermanentStepError('no')),
    },
    settings: { databaseUrl },
  });
}

beforeAll(async () => {
  lab = await Lab.open(lone, broken);
  worker = await start();
  await lab.rows(RAISER);
});

beforeEach(async () => {
  calls = 0;
  mayEnd = new Happening();
  const { taskUuid } = await worker.client.submit(requestFor(broken));
  const { steps } = await worker.client.waitFor(taskUuid);
  path = `/v1/tasks/${taskUuid}/workflow_steps/${steps[0]?.stepUuid}`;
});

afterAll(() => lab.close());

interface Answer {
  readonly status: number;
  readonly later: string | null;
  readonly body: unknown;
}

async function ask(of: WorkerHandle, to: string, action?: object): Promise<Answer> {
  const response = await fetch(new URL(to, of.url ?? ''), {
    method: action === undefined ? 'GET' : 'PATCH',
    headers: { 'content-type': 'application/json' },
    ...(action !== undefined && { body: JSON.stringify(action) }),
  });
  const body: unknown = await response.json();
  return { status: response.status, later: response.headers.get('retry-after'), body };
}

function resolve(of = worker): Promise<Answer> {
  return ask(of, path, { action_type: 'resolve_manually', reason: 'done by hand', resolved_by: 'me' });
}

describe('What the database can not do now', () => {
  it.each([
    ['a serialization failure', '40001'],
    ['a deadlock', '40P01'],
    ['a lock timeout', '55P03'],
    ['a statement timeout', '57014'],
    ['a full disk', '53100'],
    ['no memory', '53200'],
    ['a disk that fails', '58030'],
    ['a right that the role lacks', '42501'],
    ['a standby', '25006'],
    ['another session’s prepared statement', '26000'],
  ])('%s is 503 with Retry-After, and the request succeeds later', async (_, state) => {
    await lab.rows('INSERT INTO raised VALUES ($1)', [state]);
    const answer = await resolve();
    await lab.rows('TRUNCATE raised');
    expect(answer).toMatchObject(RETRY_LATER);
    expect(await resolve()).toMatchObject({ status: 200 });
  });

  it('a statement that would fail again stays 500', async () => {
    await lab.rows(`INSERT INTO raised VALUES ('23514')`);
    const answer = await resolve();
    await lab.rows('TRUNCATE raised');
    expect(answer).toMatchObject({ status: 500, later: null, body: { error: { code: 'DATABASE_ERROR' } } });
  });

  it.each(['lock_timeout', 'statement_timeout'])('a real %s is 503', async (setting) => {
    const url = new URL(lab.databaseUrl);
    url.searchParams.set('options', `-c ${setting}=300ms`);
    const hurried = await start(url.href);
    const letGo = await lab.hold('BEGIN; SELECT FROM tasker.tasks FOR UPDATE');
    expect(await resolve(hurried)).toMatchObject(RETRY_LATER);
    await letGo();
    expect(await resolve(hurried)).toMatchObject({ status: 200 });
    await hurried.stop();
  });

  it.each(['53100', '53200', '40001', '55P03', '57014', '26000'])(
    'a step whose end meets %s is recorded later, and its handler is not called again',
    async (state) => {
      const { taskUuid } = await worker.client.submit(requestFor(lone));
      await until('the step runs', () => calls === 1);
      await lab.rows('INSERT INTO raised VALUES ($1)', [state]);
      const before = await raises();
      mayEnd.happen();
      await until('its end was refused twice', async () => (await raises()) > before + 1);
      await lab.rows('TRUNCATE raised');
      const task = await worker.client.waitFor(taskUuid);
      expect(task).toMatchObject({ status: 'complete', steps: [{ attempts: 1 }] });
      expect(calls).toBe(1);
    },
  );

  it('a database that is renamed under the service is 503, and work goes on when its name is back', async () => {
    const { taskUuid } = await worker.client.submit(requestFor(lone));
    await until('the step runs', () => calls === 1);
    await rename('name', 'name_away');
    try {
      expect(await resolve()).toMatchObject(RETRY_LATER);
      mayEnd.happen();
    } finally {
      await rename('name_away', 'name');
    }
    expect(await worker.client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 1 }],
    });
    expect(calls).toBe(1);
    expect(await resolve()).toMatchObject({ status: 200 });
  });
});

async function raises(): Promise<number> {
  const [{ count } = { count: '0' }] = await lab.rows<{ count: string }>(
    'SELECT last_value AS count FROM raises',
  );
  return Number(count);
}

/** While nobody can connect. `name` stands for the database's own name. */
async function rename(from: string, to: string): Promise<void> {
  const url = new URL(lab.databaseUrl);
  const own = url.pathname.slice(1);
  const named = (pattern: string): string => pattern.replace('name', own);
  url.pathname = '/template1';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`ALTER DATABASE ${named(from)} ALLOW_CONNECTIONS false`);
    await until('nobody is connected', async () => {
      const { rowCount } = await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
        [named(from)],
      );
      return rowCount === 0;
    });
    await client.query(`ALTER DATABASE ${named(from)} RENAME TO ${named(to)}`);
    await client.query(`ALTER DATABASE ${named(to)} ALLOW_CONNECTIONS true`);
  } finally {
    await client.end();
  }
}
