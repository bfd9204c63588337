-- Keeps attempts alive: moves the end of each lease to p_lease_seconds from now (or to the task's own lease).
--
-- Takes an entry an attempt; answers with one row for each that no longer holds its step, with the step's state (null
-- where the step is gone): whoever runs it should stop, its report will be refused.
--
-- Locks: step rows, SKIP LOCKED: a row that another call is changing right now is neither extended nor answered; the
-- next call tells.
CREATE FUNCTION tasker.extend_leases(
  p_task_uuids uuid[],
  p_step_indexes smallint[],
  p_tokens uuid[],
  p_lease_seconds integer
) RETURNS TABLE (task_uuid uuid, step_index smallint, attempt_token uuid, state smallint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
BEGIN
  WITH held AS MATERIALIZED (
    SELECT s.task_uuid, s.step_index
    FROM unnest(p_task_uuids, p_step_indexes, p_tokens) AS i (task_uuid, step_index, token)
    CROSS JOIN LATERAL (
      SELECT k.task_uuid, k.step_index
      FROM tasker.steps k
      WHERE k.task_uuid = i.task_uuid AND k.step_index = i.step_index
        AND k.attempt_token = i.token AND k.state + 0 = 2
      FOR NO KEY UPDATE SKIP LOCKED
    ) s
  )
  UPDATE tasker.steps s
  SET lease_until = v_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds))
  FROM held h
  WHERE s.task_uuid = ANY (ARRAY[h.task_uuid]) AND s.step_index = h.step_index;

  RETURN QUERY
  SELECT i.task_uuid, i.step_index, i.token, s.state
  FROM unnest(p_task_uuids, p_step_indexes, p_tokens) AS i (task_uuid, step_index, token)
  LEFT JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = i.step_index
  WHERE s.attempt_token IS DISTINCT FROM i.token OR s.state + 0 <> 2;
END
$$;

ALTER FUNCTION tasker.extend_leases SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.extend_leases SET enable_seqscan = off;
ALTER FUNCTION tasker.extend_leases SET enable_hashjoin = off;
ALTER FUNCTION tasker.extend_leases SET enable_mergejoin = off;
ALTER FUNCTION tasker.extend_leases SET enable_bitmapscan = off;
ALTER FUNCTION tasker.extend_leases SET jit = off;
