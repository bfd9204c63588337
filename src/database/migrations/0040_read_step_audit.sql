-- What has been recorded of a step: one row an ended attempt or manual action, oldest first; where nothing has been
-- recorded yet, one row whose event_id is null; no row where the step does not exist. result is what the step holds, in
-- the row that gave it. Reads the events of the step's own task only.
CREATE FUNCTION tasker.read_step_audit(p_task_uuid uuid, p_step_index smallint)
RETURNS TABLE (
  event_id bigint,
  kind smallint,
  recorded_at timestamptz,
  started_at timestamptz,
  retry_delay_ms bigint,
  attempt smallint,
  detail json,
  metadata json,
  result json,
  name text,
  template_id integer,
  correlation_id uuid,
  worker_name text,
  worker_hostname text
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT e.event_id, e.kind, e.recorded_at, e.started_at, e.retry_delay_ms, e.attempt, e.detail, e.metadata,
         CASE WHEN e.kind IN (1, 8) THEN s.result END, s.name, s.template_id, t.correlation_id, w.name, w.hostname
  FROM tasker.steps s
  JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid])
  LEFT JOIN tasker.events e ON e.task_uuid = p_task_uuid AND e.step_index = s.step_index
  LEFT JOIN tasker.workers w ON w.worker_id = e.worker_id
  WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index
  ORDER BY e.event_id;
END
$$;

ALTER FUNCTION tasker.read_step_audit SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_audit SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_audit SET jit = off;
