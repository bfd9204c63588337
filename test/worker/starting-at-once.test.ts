import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Lab } from '../support/lab.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });
const wide = workflow('wide', { left: {}, right: {}, end: { dependencies: ['left', 'right'] } });
const HANDLERS = { work: () => 1, left: () => 1, right: () => 2, end: () => 3 };

let lab: Lab;

beforeEach(async () => {
  lab = await Lab.open(one, wide);
  // Which transaction accepted a task, and which one gave out its steps.
  await lab.rows('CREATE TABLE lab_log (what text, task_uuid uuid, xid xid8 DEFAULT pg_current_xact_id())');
});

afterEach(() => lab.close());

/** From now on both are written down. The tables are there once a worker has started. */
async function watch(): Promise<void> {
  await lab.rows(`CREATE FUNCTION lab_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO public.lab_log (what, task_uuid) VALUES (TG_ARGV[0], NEW.task_uuid); RETURN NEW; END $$`);
  await lab.rows(`CREATE TRIGGER note AFTER INSERT ON tasker.tasks
    FOR EACH ROW EXECUTE FUNCTION lab_note('accepted')`);
  await lab.rows(`CREATE TRIGGER note AFTER UPDATE ON tasker.steps
    FOR EACH ROW WHEN (OLD.state = 1 AND NEW.state = 2) EXECUTE FUNCTION lab_note('claimed')`);
  await lab.rows(`CREATE TRIGGER note_at_once AFTER INSERT ON tasker.steps
    FOR EACH ROW WHEN (NEW.state = 2) EXECUTE FUNCTION lab_note('claimed')`);
}

async function transactions(what: string, taskUuid?: string): Promise<string[]> {
  const rows = await lab.rows<{ xid: string }>(
    'SELECT xid::text FROM lab_log WHERE what = $1 AND task_uuid = coalesce($2, task_uuid)',
    [what, taskUuid],
  );
  return rows.map(({ xid }) => xid);
}

describe('A task submitted to a worker', () => {
  it('with free slots has its first steps given out by the commit that accepts it', async () => {
    const { client } = await lab.worker({ handlers: HANDLERS, settings: { pollIntervalMs: 3_600_000 } });
    await watch();
    // A claim that the start has left under way holds the slots of a first one; it comes to an end.
    await until('a submit meets free slots', async () => {
      const { taskUuid } = await client.submit(requestFor(wide));
      expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
      const [accepted] = await transactions('accepted', taskUuid);
      const claimed = await transactions('claimed', taskUuid);
      expect(claimed).toHaveLength(2);
      return claimed.every((transaction) => transaction === accepted);
    });
  });

  it('with fewer free slots than it has first steps is accepted, and taken as slots come free', async () => {
    const { client } = await lab.worker({ handlers: HANDLERS, settings: { maxConcurrency: 1 } });
    await watch();
    const { taskUuid } = await client.submit(requestFor(wide));
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    const [accepted = ''] = await transactions('accepted');
    expect(await transactions('claimed')).not.toContain(accepted);
  });

  it('that is stopping is left to others', async () => {
    const started = new Happening();
    const release = new Happening();
    const stopping = await lab.worker({
      handlers: {
        ...HANDLERS,
        work: async () => {
          started.happen();
          await release.happened;
          return 1;
        },
      },
    });
    await stopping.client.submit(requestFor(one));
    await started.happened;
    const stopped = stopping.stop();
    const { taskUuid } = await stopping.client.submit(requestFor(wide));
    release.happen();
    await stopped;
    const other = await lab.worker({ handlers: HANDLERS });
    expect(await other.client.waitFor(taskUuid)).toMatchObject({ status: 'complete' });
    expect(await other.client.get(taskUuid)).toMatchObject({
      steps: [{ attempts: 1 }, { attempts: 1 }, { attempts: 1 }],
    });
  });

  it('that the database refuses leaves the slot free for others', async () => {
    const { client } = await lab.worker({ handlers: HANDLERS, settings: { maxConcurrency: 1 } });
    await lab.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$`);
    await lab.rows(`CREATE TRIGGER refuse BEFORE INSERT ON tasker.tasks
      FOR EACH ROW WHEN (NEW.reason = 'cursed') EXECUTE FUNCTION refuse()`);
    const outcomes = await Promise.allSettled(
      ['cursed', 'fine', 'cursed'].map((reason) => client.submit({ ...requestFor(one), reason })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    const { taskUuid } = await client.submit(requestFor(one));
    expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete', steps: [{ attempts: 1 }] });
  });

  it.each([
    ['for a moment', false],
    ['for longer than it is tried again', true],
  ])('runs once where the answer to its submit was lost with the connection, %s', async (_, forLong) => {
    const proxy = await TcpProxy.before(lab.databaseUrl);
    try {
      const { client } = await lab.worker({ handlers: HANDLERS, settings: { databaseUrl: proxy.url } });
      const unlock = await lab.hold('BEGIN; LOCK TABLE tasker.tasks IN SHARE ROW EXCLUSIVE MODE');
      const outcome = Promise.allSettled([client.submit(requestFor(one))]);
      await until('the submit waits for the lock', () => lab.rows(WAITING).then(({ length }) => length > 0));
      if (forLong) proxy.close();
      else proxy.cut();
      // The server goes on without whom it works for.
      await unlock();
      const taskUuid = await until('the task is there', () =>
        lab.rows(THE_TASK).then(([task]) => task?.['id']),
      );
      const [{ status }] = await outcome;
      expect(status).toBe(forLong ? 'rejected' : 'fulfilled');
      proxy.open();
      expect(await client.waitFor(taskUuid)).toMatchObject({ status: 'complete', steps: [{ attempts: 1 }] });
      expect(await lab.rows('SELECT lost_count FROM tasker.steps')).toEqual([{ lost_count: 0 }]);
    } finally {
      await lab.stopWorkers();
      await proxy.end();
    }
  });
});

const WAITING = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
const THE_TASK = 'SELECT task_uuid AS id FROM tasker.tasks';
