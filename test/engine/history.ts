import type { CoreDatabase } from './core-database.js';

/** Puts single-step tasks into the tables that are ready to be claimed, spread over the templates and priorities. */
export async function readyTasks(
  core: CoreDatabase,
  templates: readonly number[],
  count: number,
): Promise<void> {
  await core.rows(
    `WITH task AS (
       INSERT INTO tasker.tasks (task_uuid, correlation_id, created_at, updated_at, template_id, open_sinks, priority,
         unique_request, initiator, source_system, reason, context)
       SELECT gen_random_uuid(), gen_random_uuid(), t.at, t.at, ($1::integer[])[1 + n % cardinality($1::integer[])], 1,
         n % 5, false, 'a test', 'jest', 'to see', '{}'
       FROM generate_series(1, $2::integer) n
       CROSS JOIN LATERAL (SELECT now() - (n * 7919 % 100000) * interval '1 ms') t (at)
       RETURNING *
     )
     INSERT INTO tasker.steps (task_uuid, queued_at, template_id, step_index, state, remaining_dependencies, priority,
       name, dependencies, dependents)
     SELECT task_uuid, created_at, template_id, 0, 1, 0, priority, 'only', '{}', '{}' FROM task`,
    [templates, count],
  );
}

/** Puts finished tasks with `width` finished steps each into the tables, and an event a step. */
export async function finishedTasks(
  core: CoreDatabase,
  template: number,
  count: number,
  width = 4,
): Promise<void> {
  await core.rows(
    `WITH task AS (
       INSERT INTO tasker.tasks (task_uuid, correlation_id, created_at, updated_at, finished_at, template_id, open_sinks,
         status, unique_request, request_hash, idempotency_hash, initiator, source_system, reason, context)
       SELECT id, id, now(), now(), now(), $1, 0, 2, true, uuid_send(id), uuid_send(id), 'a test', 'jest', 'to see', '{}'
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::integer)) ids
       RETURNING *
     ), step AS (
       INSERT INTO tasker.steps (task_uuid, attempt_token, started_at, finished_at, template_id, worker_id, step_index,
         state, remaining_dependencies, attempts, priority, name, dependencies, dependents, result)
       SELECT task_uuid, gen_random_uuid(), now(), now(), template_id, 1, n, 4, 0, 1, 0, 'step_' || n, '{}', '{}', '1'
       FROM task CROSS JOIN generate_series(0, $3::integer - 1) n
       RETURNING *
     )
     INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt)
     SELECT task_uuid, now(), now(), 1, step_index, 1, 1 FROM step`,
    [template, count, width],
  );
}
