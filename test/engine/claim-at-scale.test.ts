import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { tokens } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { LONE_STEP } from './graphs.js';
import { readyTasks } from './history.js';
import { costOf } from './plan-cost.js';

const TEMPLATES = 20;
const READY = 100_000;
const SLOTS = 100;

let core: CoreDatabase;
let worker: CoreConnection;
let templates: number[];

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  templates = [];
  for (let count = 0; count < TEMPLATES; count += 1) templates.push(await core.template(LONE_STEP));
  await readyTasks(core, templates, READY);
});

afterAll(() => core.drop());

/** The least of three: an analysis by autovacuum in between makes the server plan anew, which reads the catalog. */
async function buffersOfClaim(served: readonly number[], slots: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const values = [worker.workerId, 1, false, served, tokens(slots), 30];
    least = Math.min(least, (await costOf(worker, 'claim_steps', values)).buffers);
  }
  return least;
}

describe(`With ${READY} ready steps of ${TEMPLATES} templates`, () => {
  it('a claim takes the best ones in order, and no more than it asks for', async () => {
    const best = await core.rows<{ task_uuid: string }>(
      `SELECT task_uuid FROM tasker.steps WHERE state = 1
       ORDER BY priority DESC, queued_at, task_uuid, step_index LIMIT ${3 * SLOTS}`,
    );
    for (let round = 0; round < 3; round += 1) {
      const { steps, more } = await worker.claim({ slots: SLOTS });
      const expected = best.slice(round * SLOTS, (round + 1) * SLOTS).map((row) => row.task_uuid);
      expect(steps.map((step) => step.taskUuid).toSorted()).toEqual(expected.toSorted());
      expect(more).toBe(true);
    }
    const [running] = await core.rows<{ count: number }>(
      'SELECT count(*)::integer FROM tasker.steps WHERE state = 2',
    );
    expect(running?.count).toBe(3 * SLOTS);
  });

  it('a claim touches pages by what it takes, not by what waits', async () => {
    // An analysis that autovacuum has begun would keep the dead entries of the claims above from being passed over.
    await core.rows('VACUUM tasker.steps');
    const small = await buffersOfClaim(templates, 10);
    const large = await buffersOfClaim(templates, SLOTS);
    const lone = await buffersOfClaim(templates.slice(0, 1), SLOTS);
    // The index entries of 10 candidates a template, and some 20 pages a step that is taken.
    expect(small).toBeLessThan(TEMPLATES * 15 + 10 * 40);
    expect(large).toBeLessThan(TEMPLATES * SLOTS + SLOTS * 40);
    expect(lone).toBeLessThan(SLOTS * 40);
    expect(await buffersOfClaim([999], SLOTS)).toBeLessThan(40);
  });
});
