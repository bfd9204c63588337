-- Hands attempts back unspent: each step is ready again, as if it had not been claimed, and an event says who let it go.
-- For an orderly shutdown. A token that no longer holds its step is passed over. Answers with how many were handed back.
--
-- Locks: the tasks, ordered; then their steps.
CREATE FUNCTION tasker.release_steps(p_task_uuids uuid[], p_step_indexes smallint[], p_tokens uuid[])
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  v_now timestamptz;
  v_count integer;
BEGIN
  PERFORM FROM tasker.tasks t WHERE t.task_uuid = ANY (p_task_uuids) ORDER BY t.task_uuid FOR NO KEY UPDATE;
  v_now := tasker.current_time();

  WITH held AS MATERIALIZED (
    SELECT s.task_uuid, s.step_index, s.attempts, s.started_at, s.worker_id
    FROM unnest(p_task_uuids, p_step_indexes, p_tokens) AS i (task_uuid, step_index, token)
    JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = i.step_index
    WHERE s.attempt_token = i.token AND s.state + 0 = 2
    ORDER BY s.task_uuid, s.step_index
    FOR NO KEY UPDATE OF s
  ), released AS (
    UPDATE tasker.steps s
    SET state = CASE WHEN s.lost_count >= 2 THEN 8 ELSE 1 END, attempts = s.attempts - 1, attempt_token = NULL,
        lease_until = NULL, queued_at = v_now
    FROM held h
    WHERE s.task_uuid = ANY (ARRAY[h.task_uuid]) AND s.step_index = h.step_index
    RETURNING h.*
  ), event AS (
    INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt)
    SELECT r.task_uuid, v_now, r.started_at, r.worker_id, r.step_index, 5, r.attempts FROM released r
  )
  SELECT count(*) INTO v_count FROM released;
  RETURN v_count;
END
$$;

ALTER FUNCTION tasker.release_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.release_steps SET enable_seqscan = off;
ALTER FUNCTION tasker.release_steps SET enable_hashjoin = off;
ALTER FUNCTION tasker.release_steps SET enable_mergejoin = off;
ALTER FUNCTION tasker.release_steps SET enable_bitmapscan = off;
ALTER FUNCTION tasker.release_steps SET jit = off;

ALTER FUNCTION tasker.release_steps SET lock_timeout = '5s';
