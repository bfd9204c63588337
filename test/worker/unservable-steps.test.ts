import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { TaskClient } from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { requestFor, workflow } from '../support/workflows.js';

jest.setTimeout(120_000);

const one = workflow('one', { work: {} });

let lab: Lab;
let client: TaskClient;

beforeEach(async () => {
  lab = await Lab.open(one);
  ({ client } = await lab.worker({ settings: { role: 'api' } }));
});

afterEach(() => lab.close());

/** Tasks, of which the first has a step that only a newer release knows. */
async function submit(count: number, change: string): Promise<readonly string[]> {
  const outcomes = await client.submitMany(Array.from({ length: count }, () => requestFor(one)));
  const tasks = outcomes.map((outcome) => ('taskUuid' in outcome ? outcome.taskUuid : ''));
  await lab.rows(`UPDATE tasker.steps SET name = 'of_the_future', ${change} WHERE task_uuid = $1`, [
    tasks[0],
  ]);
  return tasks;
}

describe('A step that this release does not know', () => {
  it.each([
    ['claimed together with others', 'attempts = 0'],
    ['that is to run alone', 'state = 8, lost_count = 2'],
  ])('%s keeps no other from being run, and is left for whoever knows it', async (_, change) => {
    const [unknown = '', ...others] = await submit(4, change);
    await lab.worker({ handlers: { work: () => 1 }, settings: { leaseSeconds: 60 } });
    for (const task of others) expect(await client.waitFor(task)).toMatchObject({ status: 'complete' });
    const later = await client.submit(requestFor(one));
    expect(await client.waitFor(later.taskUuid)).toMatchObject({ status: 'complete' });
    expect(await client.get(unknown)).toMatchObject({ steps: [{ name: 'of_the_future', results: null }] });
  });
});
