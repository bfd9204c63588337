import { randomUUID } from 'node:crypto';

import type { Client } from 'pg';

import type { World } from '../world/world.js';
import { promise } from '../scenario.js';
import type { Figures, Scenario } from '../scenario.js';

const FINISHED = 1_000_000;
const CHUNK = 100_000;
const CLAIMS = 1_500;
const SLOTS = 4;
/** Below it the difference is the machine's, not the engine's. */
const NOISE_MS = 2;

/** Finished tasks of one step each, as the engine would have left them, `count` of them. */
const FINISHED_TASKS = `
WITH task AS (
  INSERT INTO tasker.tasks (
    task_uuid, correlation_id, created_at, updated_at, finished_at, template_id, open_sinks, status, unique_request,
    initiator, source_system, reason, context)
  SELECT gen_random_uuid(), gen_random_uuid(), at, at, at, $1, 0, 2, false, 'bench', 'bench', 'history', '{}'
  FROM (SELECT now() - n * interval '1 s' AS at FROM generate_series($2::integer, $2::integer + $3::integer - 1) AS n) past
  RETURNING task_uuid, created_at
), step AS (
  INSERT INTO tasker.steps (
    task_uuid, attempt_token, started_at, finished_at, template_id, worker_id, step_index, state, remaining_dependencies,
    attempts, priority, name, dependencies, dependents, result)
  SELECT task_uuid, gen_random_uuid(), created_at, created_at, $1, 1, 0, 4, 0, 1, 0, 'work', '{}', '{}', '{}' FROM task
)
INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, task_status)
SELECT t.task_uuid, t.created_at, CASE WHEN k.kind = 1 THEN t.created_at END, CASE WHEN k.kind = 1 THEN 1 END,
       CASE WHEN k.kind = 1 THEN 0 END, k.kind, CASE WHEN k.kind = 1 THEN 1 END, CASE WHEN k.kind = 9 THEN 2 END
FROM task t CROSS JOIN (VALUES (1), (9)) AS k (kind)`;

/** The checker is for what was run: a million tasks that never were would only keep it waiting. */
const FORGET_HISTORY = `
CREATE TEMPORARY TABLE kept_tasks AS SELECT * FROM tasker.tasks WHERE reason <> 'history';
CREATE TEMPORARY TABLE kept_steps AS SELECT s.* FROM tasker.steps s JOIN kept_tasks USING (task_uuid);
CREATE TEMPORARY TABLE kept_events AS SELECT e.* FROM tasker.events e JOIN kept_tasks USING (task_uuid);
TRUNCATE tasker.tasks, tasker.steps, tasker.events;
INSERT INTO tasker.tasks SELECT * FROM kept_tasks;
INSERT INTO tasker.steps SELECT * FROM kept_steps;
INSERT INTO tasker.events OVERRIDING SYSTEM VALUE SELECT * FROM kept_events`;

interface ClaimRow {
  readonly kind: string;
  readonly task_uuid: string;
  readonly step_index: number;
  readonly attempt_token: string;
}

/** Works as a worker does, from one connection, and answers with how long its claims took, the 99th of a hundred. */
async function claimP99(world: World, client: Client, template: number): Promise<number> {
  await world.submit(['lone'], CLAIMS * SLOTS);
  const { rows } = await client.query<{ id: number }>(
    `SELECT tasker.register_worker('bench', 'bench') AS id`,
  );
  const worker = rows[0]?.id;
  const milliseconds: number[] = [];
  for (let claim = 0; claim < CLAIMS; claim += 1) {
    const tokens = Array.from({ length: SLOTS }, () => randomUUID());
    const from = performance.now();
    const claimed = await client.query<ClaimRow>({
      name: 'claim',
      text: 'SELECT * FROM tasker.claim_steps($1, 1, false, $2, $3, 60)',
      values: [worker, [template], tokens],
    });
    milliseconds.push(performance.now() - from);
    const steps = claimed.rows.filter(({ kind }) => kind === 'claim');
    await client.query({
      name: 'complete',
      text: `SELECT * FROM tasker.complete_steps($1, 1, false, $2, $3, $4, $5, $6, $7, $8, '{}', 60)`,
      values: [
        worker,
        steps.map(({ task_uuid }) => task_uuid),
        steps.map(({ step_index }) => step_index),
        steps.map(({ attempt_token }) => attempt_token),
        steps.map(() => true),
        JSON.stringify(steps.map(() => ({}))),
        JSON.stringify(steps.map(() => null)),
        [template],
      ],
    });
  }
  milliseconds.sort((left, right) => left - right);
  return milliseconds[Math.floor(milliseconds.length * 0.99)] ?? 0;
}

async function longHistory(world: World): Promise<Figures> {
  const client = await world.connect();
  const { id } = await world.row<{ id: number }>(
    `SELECT template_id AS id FROM tasker.templates WHERE name = 'lone'`,
  );
  await claimP99(world, client, id);
  const undisturbed = await claimP99(world, client, id);
  const from = performance.now();
  for (let done = 0; done < FINISHED; done += CHUNK) await client.query(FINISHED_TASKS, [id, done, CHUNK]);
  const filledMs = Math.round(performance.now() - from);
  await client.query('VACUUM ANALYZE tasker.tasks, tasker.steps, tasker.events');
  // Reads for as long as all of this takes: nothing that is removed from now on can be cleaned up.
  const analyst = await world.connect();
  await analyst.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await analyst.query('SELECT count(*) FROM tasker.steps');
  await claimP99(world, client, id);
  const disturbed = await claimP99(world, client, id);
  await analyst.query('COMMIT');
  await analyst.end();
  promise(
    disturbed <= Math.max(2 * undisturbed, undisturbed + NOISE_MS),
    `the 99th percentile of claims was ${disturbed.toFixed(1)} ms, undisturbed ${undisturbed.toFixed(1)} ms`,
  );
  await client.query(FORGET_HISTORY);
  await client.end();
  return {
    finished_tasks: FINISHED,
    filled_ms: filledMs,
    claim_p99_undisturbed_us: Math.round(undisturbed * 1_000),
    claim_p99_us: Math.round(disturbed * 1_000),
  };
}

export const HISTORY_SIZE: readonly Scenario[] = [
  {
    number: 27,
    name: '1,000,000 finished tasks and a long analytics transaction holding back vacuum',
    promise: 'claim p99 ≤ 2× the undisturbed one',
    alone: true,
    run: longHistory,
  },
];
