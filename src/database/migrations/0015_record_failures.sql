-- The failing half of complete_steps: retry or end each failed attempt that still holds its step, and write its event.
-- Answers with the ordinals of the attempts that were recorded. The caller holds the locks on the tasks.
CREATE FUNCTION tasker.record_failures(
  p_now timestamptz,
  p_worker integer,
  p_task_uuids uuid[],
  p_step_indexes smallint[],
  p_tokens uuid[],
  p_succeeded boolean[],
  p_reports json
) RETURNS bigint[]
LANGUAGE plpgsql
AS $$
DECLARE
  v_recorded bigint[];
BEGIN
  WITH wish AS MATERIALIZED (
    SELECT i.*, s.attempts, s.started_at, s.lost_count,
           CASE
             WHEN NOT (i.report #>> '{retry,retryable}')::boolean THEN NULL
             WHEN s.attempts >= greatest((i.report #>> '{retry,max_attempts}')::integer, 1) THEN NULL
             ELSE coalesce(
               (i.report #>> '{retry,after_ms}')::bigint,
               tasker.retry_delay_ms(
                 i.report #>> '{retry,backoff}', (i.report #>> '{retry,base_ms}')::bigint,
                 (i.report #>> '{retry,cap_ms}')::bigint, s.attempts, (i.report #>> '{retry,jitter}')::boolean))
           END AS ms
    FROM ROWS FROM (
      unnest(p_task_uuids, p_step_indexes, p_tokens, p_succeeded),
      json_array_elements(p_reports)
    ) WITH ORDINALITY AS i (task_uuid, step_index, token, succeeded, report, n)
    JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = i.step_index
    WHERE NOT i.succeeded AND s.attempt_token = i.token AND s.state + 0 = 2
  ), verdict AS MATERIALIZED (
    -- Never before now, and never later than every client can read: in at most a thousand years.
    SELECT w.*, CASE WHEN w.ms IS NOT NULL THEN greatest(0, least(w.ms, 31536000000000)) END AS delay_ms FROM wish w
  ), failed AS (
    UPDATE tasker.steps s
    SET state = CASE WHEN v.delay_ms IS NULL THEN 5 WHEN v.delay_ms > 0 THEN 3 WHEN v.lost_count >= 2 THEN 8 ELSE 1 END,
        lease_until = NULL,
        queued_at = CASE WHEN v.delay_ms = 0 THEN p_now END,
        retry_at = CASE WHEN v.delay_ms > 0 THEN p_now + v.delay_ms * interval '1 millisecond' END,
        finished_at = CASE WHEN v.delay_ms IS NULL THEN p_now END
    FROM verdict v
    WHERE s.task_uuid = ANY (ARRAY[v.task_uuid]) AND s.step_index = v.step_index
      AND s.attempt_token = v.token AND s.state + 0 = 2
    RETURNING v.*
  ), counted AS (
    UPDATE tasker.tasks t
    SET failed_steps = t.failed_steps + c.count, updated_at = p_now
    FROM (SELECT f.task_uuid, count(*) AS count FROM failed f WHERE f.delay_ms IS NULL GROUP BY 1) c
    WHERE t.task_uuid = ANY (ARRAY[c.task_uuid])
  ), event AS (
    INSERT INTO tasker.events
      (task_uuid, recorded_at, started_at, worker_id, retry_delay_ms, step_index, kind, attempt, detail)
    SELECT f.task_uuid, p_now, f.started_at, p_worker, f.delay_ms, f.step_index,
           CASE WHEN f.delay_ms IS NULL THEN 3 ELSE 2 END, f.attempts, f.report -> 'error'
    FROM failed f
  )
  SELECT array_agg(f.n) INTO v_recorded FROM failed f;
  RETURN coalesce(v_recorded, '{}');
END
$$;

ALTER FUNCTION tasker.record_failures SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.record_failures SET enable_seqscan = off;
ALTER FUNCTION tasker.record_failures SET enable_hashjoin = off;
ALTER FUNCTION tasker.record_failures SET enable_mergejoin = off;
ALTER FUNCTION tasker.record_failures SET enable_bitmapscan = off;
ALTER FUNCTION tasker.record_failures SET jit = off;
