import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { expectConsistent } from './consistency.js';
import { newTask } from './core-connection.js';
import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { CrewMember, expectResultsOfHolders } from './crew.js';
import type { Worksite } from './crew.js';
import { randomGraph } from './graphs.js';
import { Random } from '../support/random.js';

const CREW = 4;

let core: CoreDatabase;
let connections: readonly CoreConnection[];

beforeAll(async () => {
  core = await CoreDatabase.create();
  await core.useLeapingClock();
  connections = await core.connections(CREW);
});

afterAll(() => core.drop());

/** The size of a graph, and the seed of everything that is left to chance. */
function runs(most: number, least = 1): fc.Arbitrary<{ size: number; seed: number }> {
  return fc.record({ size: fc.integer({ min: least, max: most }), seed: fc.nat() });
}

/** Works on some tasks of the graph with the whole crew at once, then brings them to their end. */
async function workOff({ size, seed }: { size: number; seed: number }, acts: number): Promise<void> {
  const template = await core.template(randomGraph(new Random(seed), size));
  const [first] = connections;
  const tasks = Array.from({ length: 3 }, (_, n) => newTask({ template_id: template, priority: n }));
  await first?.submitAll(tasks);
  const site: Worksite = {
    core,
    tasks: tasks.map((task) => task.task_uuid),
    templates: [template],
    taken: new Map(),
    longest: size,
    restless: false,
  };
  const crew = connections.map((connection, n) => new CrewMember(site, connection, new Random(seed + 1 + n)));
  await Promise.all(crew.map((member) => member.work(acts)));
  await expectConsistent(core);

  expect(await crew[0]?.finishAll()).toEqual(new Set(['complete']));
  await expectConsistent(core);
  await expectResultsOfHolders(site);
  await core.clear();
}

describe('Tasks of any graph', () => {
  it('keep every promise while workers complete, fail, vanish, answer late, and people reset and resolve', async () => {
    await fc.assert(
      fc.asyncProperty(runs(60), (run) => workOff(run, 40)),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('keep them with hundreds of steps too', async () => {
    await fc.assert(
      fc.asyncProperty(runs(400, 200), (run) => workOff(run, 120)),
      { numRuns: 2, endOnFailure: true },
    );
  });
});
