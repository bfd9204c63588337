import { Client } from 'pg';

import type { Measurements } from '../measures/index.js';
import { RETRY_AFTER_SECONDS } from '../workloads/index.js';
import type { Contestant } from './contestants.js';
import { addLatencies } from './latency.scenario.js';

/** By how many milliseconds the second attempt began later than the first one's failure had asked for. */
const LATENESS = `SELECT extract(epoch FROM again.started_at - failed.recorded_at)::float8 * 1000 - $1 AS milliseconds
  FROM tasker.events failed
  JOIN tasker.events again ON again.task_uuid = failed.task_uuid AND again.step_index = failed.step_index AND again.kind = 1
  WHERE failed.kind = 2 AND failed.recorded_at >= $2`;

/** How punctual retries are, a few at a time and a thousand at once. */
export async function measureRetries(
  { name, process, databaseUrl }: Contestant,
  batches: readonly number[],
  measurements: Measurements,
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const tasks of batches) {
      const since = new Date();
      await process.run({ workload: 'retry', tasks });
      await process.check();
      const { rows } = await client.query<{ milliseconds: number }>(LATENESS, [
        RETRY_AFTER_SECONDS * 1000,
        since,
      ]);
      if (rows.length !== tasks) throw new Error(`${rows.length} of ${tasks} attempts were retried`);
      const lateness = rows.map(({ milliseconds }) => milliseconds);
      addLatencies(measurements, name, 'retry', `lateness_of_${tasks}_at_once`, lateness);
    }
  } finally {
    await client.end();
  }
}
