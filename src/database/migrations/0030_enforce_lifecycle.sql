-- Holds the unfinished tasks of a template against its lifecycle limits.
--
-- p_limits          minutes by the template's keys (max_duration_minutes, max_waiting_for_dependencies_minutes,
--                   max_waiting_for_retry_minutes, max_steps_in_process_minutes); null or absent: no limit
-- p_duration_action, p_state_action   what happens to a task over max_duration_minutes, and over any other limit:
--                   dlq (error, and a row in tasks_dlq), error, or none (the task only shows which limit it is over)
-- p_interval_ms     does nothing if another call has begun the same template's check less than this ago
-- p_after_created, p_after_task       where the call before this one stopped; null to begin
-- p_batch           how many tasks are looked at
--
-- Answers with one row a task that was looked at, oldest first: its id, when it was created, the limit that it is over
-- (null where it is over none), and whether it ended by it. Call again with the last row's place until no row comes.
-- Locks: the tasks over a limit, ordered, SKIP LOCKED; then their steps.
CREATE FUNCTION tasker.enforce_lifecycle(
  p_template_id integer,
  p_limits json,
  p_duration_action text,
  p_state_action text,
  p_interval_ms integer,
  p_after_created timestamptz,
  p_after_task uuid,
  p_batch integer
) RETURNS TABLE (task_uuid uuid, created_at timestamptz, exceeded_limit text, ended boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
  v_youngest timestamptz;
  v_looked uuid[];
  v_over uuid[];
  v_ended uuid[];
BEGIN
  IF p_after_task IS NULL THEN
    UPDATE tasker.templates t SET lifecycle_checked_at = v_now
    WHERE t.template_id = p_template_id
      AND (t.lifecycle_checked_at IS NULL
           OR abs(extract(epoch FROM v_now - t.lifecycle_checked_at)) * 1000 >= p_interval_ms);
    IF NOT FOUND THEN
      RETURN;
    END IF;
  END IF;

  -- A task younger than every limit can't be over one.
  SELECT v_now - min(l.minutes::integer) * interval '1 minute' INTO v_youngest
  FROM json_each_text(p_limits) AS l (name, minutes) WHERE l.minutes IS NOT NULL;

  SELECT array_agg(t.task_uuid) INTO v_looked
  FROM (
    SELECT k.task_uuid
    FROM tasker.tasks k
    WHERE k.template_id = p_template_id AND k.status IN (0, 1) AND k.created_at <= v_youngest
      AND (p_after_task IS NULL OR (k.created_at, k.task_uuid) > (p_after_created, p_after_task))
    ORDER BY k.created_at, k.task_uuid
    LIMIT p_batch
  ) t;

  -- Cheap and without locks first; then, for those over a limit, once more under their locks.
  SELECT array_agg(k.task_uuid) INTO v_over
  FROM tasker.lifecycle_verdicts(v_looked, v_now, p_limits) v
  JOIN tasker.tasks k ON k.task_uuid = ANY (ARRAY[v.task_uuid])
  WHERE v.exceeded_limit IS NOT NULL OR k.exceeded_limit IS NOT NULL;
  SELECT array_agg(t.task_uuid) INTO v_over
  FROM (
    SELECT k.task_uuid FROM tasker.tasks k
    WHERE k.task_uuid = ANY (v_over) AND k.status + 0 IN (0, 1)
    ORDER BY k.task_uuid
    FOR NO KEY UPDATE SKIP LOCKED
  ) t;

  WITH verdict AS MATERIALIZED (
    SELECT v.task_uuid, v.state, v.exceeded_limit,
           CASE
             WHEN v.exceeded_limit IS NULL THEN 'none'
             WHEN v.exceeded_limit = 'max_duration_minutes' THEN p_duration_action
             ELSE p_state_action
           END AS action
    FROM tasker.lifecycle_verdicts(v_over, v_now, p_limits) v
  ), step AS (
    UPDATE tasker.steps s
    SET state = 6, lease_until = NULL, queued_at = NULL, retry_at = NULL, finished_at = v_now
    FROM verdict v
    WHERE s.task_uuid = ANY (ARRAY[v.task_uuid]) AND v.action <> 'none' AND s.state + 0 IN (0, 1, 2, 3, 8)
  ), letter AS (
    INSERT INTO tasker.tasks_dlq (task_uuid, original_state, dlq_reason, dlq_timestamp, task_snapshot)
    SELECT v.task_uuid, v.state, v.exceeded_limit, v_now, row_to_json(k)
    FROM verdict v JOIN tasker.tasks k ON k.task_uuid = ANY (ARRAY[v.task_uuid])
    WHERE v.action = 'dlq'
    ON CONFLICT (task_uuid) DO NOTHING
  ), changed AS (
    UPDATE tasker.tasks k
    SET exceeded_limit = v.exceeded_limit,
        status = CASE WHEN v.action = 'none' THEN k.status ELSE 3 END,
        finished_at = CASE WHEN v.action <> 'none' THEN v_now END,
        updated_at = v_now
    FROM verdict v
    WHERE k.task_uuid = ANY (ARRAY[v.task_uuid]) AND (v.action <> 'none' OR k.exceeded_limit IS DISTINCT FROM v.exceeded_limit)
    RETURNING k.task_uuid, k.status, k.exceeded_limit, v.action
  ), event AS (
    INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status, detail)
    SELECT c.task_uuid, v_now, 9, c.status,
           json_build_object('exceeded_limit', c.exceeded_limit, 'action', c.action)
    FROM changed c
  )
  SELECT array_agg(c.task_uuid) FILTER (WHERE c.status = 3) INTO v_ended FROM changed c;

  RETURN QUERY
  SELECT k.task_uuid, k.created_at, k.exceeded_limit, coalesce(k.task_uuid = ANY (v_ended), false)
  FROM tasker.tasks k WHERE k.task_uuid = ANY (v_looked) ORDER BY k.created_at, k.task_uuid;
END
$$;

ALTER FUNCTION tasker.enforce_lifecycle SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.enforce_lifecycle SET enable_seqscan = off;
ALTER FUNCTION tasker.enforce_lifecycle SET enable_hashjoin = off;
ALTER FUNCTION tasker.enforce_lifecycle SET enable_mergejoin = off;
ALTER FUNCTION tasker.enforce_lifecycle SET enable_bitmapscan = off;
ALTER FUNCTION tasker.enforce_lifecycle SET jit = off;
ALTER FUNCTION tasker.lifecycle_verdicts SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.lifecycle_verdicts SET enable_seqscan = off;
ALTER FUNCTION tasker.lifecycle_verdicts SET jit = off;
