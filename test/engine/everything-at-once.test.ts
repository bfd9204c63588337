import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { expectConsistent } from './consistency.js';
import { CoreDatabase } from './core-database.js';
import { CrewMember, expectResultsOfHolders } from './crew.js';
import type { Worksite } from './crew.js';
import { chain, DIAMOND, fan, LONE_STEP, TWO_BRANCHES } from './graphs.js';
import { Random } from '../support/random.js';

const CREW = 8;
/** A longer run: `TASKER_STRESS_ACTS=5000 TASKER_STRESS_SEED=… npm test -- everything-at-once`. */
const ACTS = Number(process.env.TASKER_STRESS_ACTS ?? 250);
jest.setTimeout(60_000 + 200 * ACTS);
const SEED = Number(process.env.TASKER_STRESS_SEED ?? 41);

let core: CoreDatabase;

beforeAll(async () => {
  core = await CoreDatabase.create();
  await core.useLeapingClock();
});

afterAll(() => core.drop());

describe('Every function at once, from eight connections', () => {
  it(`keeps every promise, and none of them deadlocks (seed ${SEED})`, async () => {
    const graphs = [LONE_STEP, TWO_BRANCHES, DIAMOND, chain(5), fan(30)];
    const templates: number[] = [];
    for (const graph of graphs) templates.push(await core.template(graph));
    const site: Worksite = { core, tasks: [], templates, taken: new Map(), longest: 8, restless: true };
    const connections = await core.connections(CREW);
    const crew = connections.map(
      (connection, n) => new CrewMember(site, connection, new Random(SEED + 1_000 * n)),
    );
    for (const member of crew) await member.submit();

    await Promise.all(crew.map((member) => member.work(ACTS)));
    await expectConsistent(core);

    expect(await crew[0]?.finishAll()).toEqual(new Set(['complete', 'cancelled']));
    await expectConsistent(core);
    await expectResultsOfHolders(site);
    const [deadlocks] = await core.rows<{ deadlocks: number }>(
      'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(deadlocks).toEqual({ deadlocks: 0 });
  });
});
