import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { newTask } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { LONE_STEP } from './graphs.js';
import { finishedTasks } from './history.js';
import { costOf } from './plan-cost.js';

const HISTORY = 40_000;
const UNFINISHED = 5;
/** What the index of all tasks takes, at about a hundred entries a page. */
const INDEX_PAGES = HISTORY / 80;
const FEW_PAGES = 350;

let core: CoreDatabase;
let connection: CoreConnection;

beforeAll(async () => {
  core = await CoreDatabase.create();
  const template = await core.template(LONE_STEP);
  await finishedTasks(core, template, HISTORY, 1);
  connection = await core.connection();
  await connection.submitAll(Array.from({ length: UNFINISHED }, () => newTask({ template_id: template })));
  // What the server of the tests has committed is not on disk yet, and VACUUM then does not take it for visible to all.
  await core.rows('CHECKPOINT');
  await core.rows('VACUUM ANALYZE tasker.tasks');
  await core.rows('VACUUM ANALYZE tasker.steps');
});

afterAll(() => core.drop());

interface Asked {
  readonly status?: string;
  readonly initiator?: string;
  readonly offset?: number;
}

/** Pages that a list, and its count to 10,000, read. */
async function pages({ status, initiator, offset = 0 }: Asked): Promise<number> {
  const filter = [null, status ?? null, initiator ?? null, null];
  // Not counted: what the connection reads of the catalog when it plans for the first time.
  await costOf(connection, 'count_tasks', [...filter, 10_000]);
  const list = await costOf(connection, 'list_tasks', [...filter, null, null, offset, 26]);
  const count = await costOf(connection, 'count_tasks', [...filter, 10_000]);
  expect([list.sequentialScans, count.sequentialScans]).toEqual([0, 0]);
  return list.buffers + count.buffers;
}

describe(`A list of ${HISTORY} tasks`, () => {
  it('begins at once, and is counted by the index alone', async () => {
    expect(await pages({})).toBeLessThan(INDEX_PAGES);
  });

  it('is leafed to its end by the index alone', async () => {
    expect(await pages({ offset: HISTORY - 30 })).toBeLessThan(2 * INDEX_PAGES);
  });

  it('is searched for a caller that few tasks are of, by the index alone', async () => {
    expect(await pages({ initiator: 'nobody' })).toBeLessThan(2 * INDEX_PAGES + FEW_PAGES);
  });

  it.each([
    'pending',
    'steps_in_process',
    'waiting_for_retry',
    'waiting_for_dependencies',
    'blocked_by_failures',
    'error',
    'cancelled',
  ])('tells those that are %s without passing over what is complete', async (status) => {
    expect(await pages({ status })).toBeLessThan(FEW_PAGES);
  });

  it('goes on behind a place without reading what comes before', async () => {
    const [place] = await core.rows<{ created_at: Date; task_uuid: string }>(
      'SELECT created_at, task_uuid FROM tasker.tasks ORDER BY created_at, task_uuid OFFSET 100 LIMIT 1',
    );
    const filter = [null, null, null, null];
    const cost = await costOf(connection, 'list_tasks', [
      ...filter,
      place?.created_at.toISOString(),
      place?.task_uuid,
      0,
      26,
    ]);
    expect(cost.sequentialScans).toBe(0);
    expect(cost.buffers).toBeLessThan(FEW_PAGES);
  });
});
