-- Which of the given unfinished tasks are over which limit, if any. p_limits: minutes by the template's keys, null or
-- absent where there is no limit. A task is in its state since its last event, or since the last start of one of its steps.
-- A blocked task with steps that wait for the ones that failed is waiting for dependencies.
CREATE FUNCTION tasker.lifecycle_verdicts(p_task_uuids uuid[], p_now timestamptz, p_limits json)
RETURNS TABLE (task_uuid uuid, state text, exceeded_limit text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT v.task_uuid, v.state,
         CASE
           WHEN p_now - v.created_at > (p_limits ->> 'max_duration_minutes')::integer * interval '1 minute'
             THEN 'max_duration_minutes'
           WHEN p_now - v.since > (p_limits ->> v.state_limit)::integer * interval '1 minute'
             THEN v.state_limit
         END
  FROM (
    SELECT t.task_uuid, t.created_at, t.status AS state,
           CASE t.status
             WHEN 'waiting_for_dependencies' THEN 'max_waiting_for_dependencies_minutes'
             WHEN 'blocked_by_failures' THEN
               CASE WHEN t.pending_steps > 0 THEN 'max_waiting_for_dependencies_minutes' END
             WHEN 'waiting_for_retry' THEN 'max_waiting_for_retry_minutes'
             WHEN 'steps_in_process' THEN 'max_steps_in_process_minutes'
           END AS state_limit,
           greatest(
             t.created_at,
             (SELECT e.recorded_at FROM tasker.events e WHERE e.task_uuid = t.task_uuid ORDER BY e.event_id DESC LIMIT 1),
             (SELECT max(s.started_at) FROM tasker.steps s WHERE s.task_uuid = t.task_uuid)
           ) AS since
    FROM tasker.read_tasks(p_task_uuids) t
  ) v;
END
$$;
