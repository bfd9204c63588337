import { Client } from 'pg';

import { median } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';
import type { Contestant } from './contestants.js';

export interface SubmitPlan {
  readonly tasks: number;
  readonly alone: number;
  readonly rounds: number;
}

/** Tables with the same columns, keys and indexes, and the reference to templates. */
const MAKE_COPIES = `CREATE SCHEMA copy;
  CREATE TABLE copy.tasks (LIKE tasker.tasks INCLUDING ALL);
  CREATE TABLE copy.steps (LIKE tasker.steps INCLUDING ALL);
  ALTER TABLE copy.tasks ADD FOREIGN KEY (template_id) REFERENCES tasker.templates`;
/** The rows that were submitted last. */
const STAGE = `CREATE TEMPORARY TABLE staged_tasks AS
    SELECT * FROM tasker.tasks ORDER BY created_at DESC, task_uuid DESC LIMIT $1`;
const STAGE_STEPS = `CREATE TEMPORARY TABLE staged_steps AS
    SELECT s.* FROM tasker.steps s JOIN staged_tasks t USING (task_uuid)`;
const COPY = `WITH task AS (INSERT INTO copy.tasks SELECT * FROM staged_tasks ORDER BY task_uuid)
  INSERT INTO copy.steps SELECT * FROM staged_steps ORDER BY task_uuid, step_index`;
const UNSTAGE = 'DROP TABLE staged_tasks, staged_steps';
/** Rows that are ready would keep the service from accepting more, by its limit on what may wait. */
const EMPTY = 'TRUNCATE tasker.tasks, tasker.steps, tasker.events, copy.tasks, copy.steps';

/**
 * Submits in process, of a process that only serves the API, beside one `INSERT ... SELECT` of the very same rows into tables
 * with the same keys and indexes.
 */
export async function measureSubmits(
  { name, process, databaseUrl }: Contestant,
  { tasks, alone, rounds }: SubmitPlan,
  measurements: Measurements,
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(MAKE_COPIES);
    const bulk: number[] = [];
    const copied: number[] = [];
    const single: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const { submitSeconds } = await process.submit({ workload: 'linear', tasks });
      const copySeconds = await copyRows(client, tasks);
      const { submitSeconds: aloneSeconds } = await process.submitOneByOne({
        workload: 'linear',
        tasks: alone,
      });
      await client.query(EMPTY);
      // The first round only warms up.
      if (round === 0) continue;
      bulk.push(tasks / submitSeconds);
      copied.push(tasks / copySeconds);
      single.push(alone / aloneSeconds);
    }
    measurements.add(name, 'submit', 'bulk_tasks_per_second', median(bulk), '1/s');
    measurements.add('insert-select', 'submit', 'bulk_tasks_per_second', median(copied), '1/s');
    measurements.add(name, 'submit', 'one_by_one_tasks_per_second', median(single), '1/s');
    const ratios = bulk.map((rate, index) => rate / (copied[index] ?? Number.NaN));
    measurements.add(name, 'submit', 'bulk_ratio_to_insert_select', median(ratios), 'ratio');
  } finally {
    await client.end();
  }
}

async function copyRows(client: Client, tasks: number): Promise<number> {
  await client.query(STAGE, [tasks]);
  await client.query(STAGE_STEPS);
  const begin = performance.now();
  await client.query(COPY);
  const seconds = (performance.now() - begin) / 1000;
  await client.query(UNSTAGE);
  return seconds;
}
