-- Takes steps back whose lease has run out: their worker is lost. The attempt does not count against the step's retries;
-- lost_count does. From the second loss on the step is only given out to run alone; at p_max_lost it ends in error
-- with code WORKER_LOST.
--
-- Takes at most p_limit steps, of tasks that no other call has locked; whoever comes next takes the rest. Answers with one
-- row a step: its task, its place, its new state, whether its task has ended or become blocked, its name, how often it has been
-- lost, and the name of the worker that was lost.
--
-- Locks: the tasks, ordered, SKIP LOCKED; then their steps.
CREATE FUNCTION tasker.reclaim_expired_steps(p_max_lost integer, p_limit integer)
RETURNS TABLE (
  task_uuid uuid, step_index smallint, state smallint, settled boolean, name text, lost_count smallint, worker text
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
  v_tasks uuid[];
  v_expired_tasks uuid[];
  v_expired_indexes smallint[];
  v_states smallint[];
  v_names text[];
  v_lost smallint[];
  v_workers integer[];
  v_settled uuid[] := '{}';
BEGIN
  SELECT array_agg(DISTINCT s.task_uuid) INTO v_tasks
  FROM (
    SELECT k.task_uuid FROM tasker.steps k WHERE k.state = 2 AND k.lease_until < v_now ORDER BY k.lease_until LIMIT p_limit
  ) s;
  IF v_tasks IS NULL THEN
    RETURN;
  END IF;

  SELECT array_agg(t.task_uuid) INTO v_tasks
  FROM (
    SELECT k.task_uuid FROM tasker.tasks k WHERE k.task_uuid = ANY (v_tasks) ORDER BY k.task_uuid
    FOR NO KEY UPDATE SKIP LOCKED
  ) t;
  v_now := tasker.current_time();

  -- Only now that the tasks are locked does it count which leases have run out: an extension may have come in between.
  WITH expired AS MATERIALIZED (
    SELECT s.task_uuid, s.step_index, s.attempts, s.started_at, s.worker_id, s.lost_count
    FROM tasker.steps s
    WHERE s.task_uuid = ANY (v_tasks) AND s.state + 0 = 2 AND s.lease_until < v_now
    ORDER BY s.task_uuid, s.step_index
    FOR NO KEY UPDATE
  ), reclaimed AS (
    UPDATE tasker.steps s
    SET state = CASE WHEN s.lost_count + 1 >= p_max_lost THEN 5 WHEN s.lost_count >= 1 THEN 8 ELSE 1 END,
        attempts = s.attempts - 1,
        lost_count = s.lost_count + 1,
        attempt_token = NULL,
        lease_until = NULL,
        queued_at = CASE WHEN s.lost_count + 1 < p_max_lost THEN v_now END,
        finished_at = CASE WHEN s.lost_count + 1 >= p_max_lost THEN v_now END
    FROM expired e
    WHERE s.task_uuid = ANY (ARRAY[e.task_uuid]) AND s.step_index = e.step_index
    RETURNING e.*, s.state, s.name
  ), counted AS (
    UPDATE tasker.tasks t
    SET failed_steps = t.failed_steps + c.count, updated_at = v_now
    FROM (SELECT r.task_uuid, count(*) AS count FROM reclaimed r WHERE r.state = 5 GROUP BY 1) c
    WHERE t.task_uuid = ANY (ARRAY[c.task_uuid])
  ), event AS (
    INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, detail)
    SELECT r.task_uuid, v_now, r.started_at, r.worker_id, r.step_index, CASE WHEN r.state = 5 THEN 3 ELSE 4 END, r.attempts,
           json_build_object(
             'message', format('The worker was lost %s time(s) while it ran this step', r.lost_count + 1),
             'error_code', 'WORKER_LOST', 'error_type', 'WorkerLostError', 'retryable', r.state <> 5)
    FROM reclaimed r
  )
  SELECT array_agg(r.task_uuid), array_agg(r.step_index), array_agg(r.state), array_agg(r.name),
         array_agg((r.lost_count + 1)::smallint), array_agg(r.worker_id)
  INTO v_expired_tasks, v_expired_indexes, v_states, v_names, v_lost, v_workers
  FROM reclaimed r;

  IF 5 = ANY (v_states) THEN
    v_settled := tasker.settle_tasks(v_expired_tasks);
  END IF;
  RETURN QUERY
  SELECT r.task_uuid, r.step_index, r.state, r.task_uuid = ANY (v_settled), r.name, r.lost_count,
         (SELECT w.name FROM tasker.workers w WHERE w.worker_id = r.worker_id)
  FROM unnest(v_expired_tasks, v_expired_indexes, v_states, v_names, v_lost, v_workers)
    AS r (task_uuid, step_index, state, name, lost_count, worker_id);
END
$$;

ALTER FUNCTION tasker.reclaim_expired_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.reclaim_expired_steps SET enable_seqscan = off;
ALTER FUNCTION tasker.reclaim_expired_steps SET enable_hashjoin = off;
ALTER FUNCTION tasker.reclaim_expired_steps SET enable_mergejoin = off;
ALTER FUNCTION tasker.reclaim_expired_steps SET enable_bitmapscan = off;
ALTER FUNCTION tasker.reclaim_expired_steps SET jit = off;
