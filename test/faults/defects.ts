import type { Client } from 'pg';

import type { WorkerDefect } from './worker/worker-defects.js';

/** Something that must never be wrong, put wrong for a test: a scenario has to notice. */
export interface Defect {
  readonly name: string;
  /** The scenario and seed that fail with it, and pass without. */
  readonly scenario: number;
  readonly seed: number;
  /** Puts it into a world's database. */
  put(database: Client): Promise<void>;
  /** What of it is in the workers. */
  readonly ofWorkers: WorkerDefect | null;
}

type Change = readonly [from: string, to: string];

const nothing = async (): Promise<void> => {};

/** Records a completion, and leaves what follows from it to a call of its own. */
const FOLLOW_UP = `
CREATE FUNCTION faults.follow_up(p_task_uuids uuid[], p_step_indexes smallint[], p_tokens uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM tasker.tasks t WHERE t.task_uuid = ANY (p_task_uuids) ORDER BY t.task_uuid FOR NO KEY UPDATE;
  WITH done AS MATERIALIZED (
    SELECT s.task_uuid, s.dependents
    FROM unnest(p_task_uuids, p_step_indexes, p_tokens) AS i (task_uuid, step_index, token)
    JOIN tasker.steps s ON s.task_uuid = i.task_uuid AND s.step_index = i.step_index
    WHERE s.attempt_token = i.token AND s.state = 4
  ), met AS (
    SELECT d.task_uuid, x.step_index, count(*)::smallint AS count
    FROM done d CROSS JOIN LATERAL unnest(d.dependents) AS x (step_index) GROUP BY 1, 2
  ), opened AS (
    UPDATE tasker.steps s
    SET remaining_dependencies = s.remaining_dependencies - m.count,
        state = CASE WHEN s.remaining_dependencies = m.count THEN 1 ELSE 0 END,
        queued_at = CASE WHEN s.remaining_dependencies = m.count THEN tasker.current_time() END
    FROM met m WHERE s.task_uuid = m.task_uuid AND s.step_index = m.step_index AND s.state = 0
  ), sunk AS (
    UPDATE tasker.tasks t
    SET open_sinks = t.open_sinks - c.count, updated_at = tasker.current_time(),
        status = CASE WHEN t.open_sinks = c.count THEN 2 ELSE t.status END,
        finished_at = CASE WHEN t.open_sinks = c.count THEN tasker.current_time() END
    FROM (SELECT d.task_uuid, count(*) AS count FROM done d WHERE d.dependents = '{}' GROUP BY 1) c
    WHERE t.task_uuid = c.task_uuid
    RETURNING t.task_uuid, t.status
  )
  INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status)
  SELECT k.task_uuid, tasker.current_time(), 9, 2 FROM sunk k WHERE k.status = 2;
END $$;`;

const HOLDS_THE_STEP = 'AND s.attempt_token = i.token AND s.state + 0 = 2';

/** Each is a bug that an engine like this could have. */
export const DEFECTS: readonly Defect[] = [
  {
    name: 'completion not fenced',
    scenario: 5,
    seed: 1,
    put: (database) => change(database, 'complete_steps', [HOLDS_THE_STEP, 'AND s.state + 0 = 2']),
    ofWorkers: null,
  },
  {
    name: 'lease never extended',
    scenario: 18,
    seed: 1,
    put: (database) =>
      change(database, 'extend_leases', [
        'SET lease_until = v_now +',
        'SET lease_until = s.lease_until + 0 *',
      ]),
    ofWorkers: null,
  },
  {
    name: 'lost worker charged to retries',
    scenario: 1,
    seed: 1,
    put: (database) =>
      change(database, 'reclaim_expired_steps', ['attempts = s.attempts - 1', 'attempts = s.attempts']),
    ofWorkers: null,
  },
  {
    name: 'NOTIFY relied upon',
    scenario: 14,
    seed: 1,
    put: nothing,
    ofWorkers: 'relies on notifications',
  },
  {
    name: 'counter decremented twice',
    scenario: 17,
    seed: 1,
    put: (database) =>
      change(
        database,
        'complete_steps',
        [
          'count(*)::smallint AS count',
          `least(2 * count(*), (
             SELECT w.remaining_dependencies FROM tasker.steps w
             WHERE w.task_uuid = d.task_uuid AND w.step_index = x.step_index))::smallint AS count`,
        ],
        ['p_brief AND m.count', 'false AND m.count'],
      ),
    ofWorkers: null,
  },
  {
    name: 'completion and follow-up not in one transaction',
    scenario: 3,
    seed: 2,
    put: async (database) => {
      await database.query(FOLLOW_UP);
      await change(
        database,
        'complete_steps',
        [
          'FROM done d CROSS JOIN LATERAL unnest(d.dependents)',
          'FROM done d CROSS JOIN LATERAL unnest(d.dependents[1:0])',
        ],
        ["FROM done d WHERE d.dependents = '{}' GROUP BY 1", 'FROM done d WHERE false GROUP BY 1'],
      );
    },
    ofWorkers: 'follow-up apart',
  },
  {
    name: 'late answer after cancel accepted',
    scenario: 21,
    seed: 1,
    put: (database) =>
      change(database, 'complete_steps', [
        HOLDS_THE_STEP,
        'AND s.attempt_token = i.token AND s.state + 0 IN (2, 6)',
      ]),
    ofWorkers: null,
  },
  {
    name: 'process clock used for leases',
    scenario: 24,
    seed: 1,
    put: nothing,
    ofWorkers: 'leases by its own clock',
  },
];

/** Replaces a function of the engine by one that differs in these places. */
async function change(database: Client, name: string, ...changes: readonly Change[]): Promise<void> {
  const { rows } = await database.query<{ definition: string }>(
    "SELECT pg_get_functiondef(p.oid) AS definition FROM pg_proc p WHERE p.pronamespace = 'tasker'::regnamespace AND p.proname = $1",
    [name],
  );
  let definition = rows[0]?.definition ?? '';
  for (const [from, to] of changes) {
    if (!definition.includes(from))
      throw new Error(`tasker.${name} no longer says "${from}": the defect has to be put differently`);
    definition = definition.replaceAll(from, to);
  }
  await database.query(definition);
}
