-- A task as it stands, with its steps in topological order, each with what its last recorded attempt or manual end left: one JSON
-- object with the columns of read_tasks, and in "steps" those of read_steps but for step_uuid and created_at. Null where there is
-- no such task. Times are texts. Reads the calling statement's snapshot, and counts the steps with the same look that reads them.
--
-- p_budget  how many bytes of results, metadata and errors are in the answer: those of the steps that have least, as far as it goes.
--           Of a step past it, "omitted" is true, result and metadata are null, and its error is cut: no context, no backtrace, and
--           1,000 characters of its message. With 0 none is read, and "omitted" is false
-- p_whole   null, or the index of a step that is answered whole under any budget
CREATE FUNCTION tasker.read_task(p_task_uuid uuid, p_budget bigint DEFAULT 8388608, p_whole smallint DEFAULT NULL) RETURNS json
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_now timestamptz := tasker.current_time();
  v_all record;
BEGIN
  WITH history AS (
    SELECT e.step_index, max(e.recorded_at) AS touched_at,
           max(e.recorded_at) FILTER (WHERE e.kind IN (2, 3)) AS failed_at,
           max(e.event_id) FILTER (WHERE e.kind IN (1, 2, 3, 7, 8)) AS last_end
    FROM tasker.events e
    WHERE e.task_uuid = p_task_uuid AND e.step_index IS NOT NULL
    GROUP BY e.step_index
  )
  SELECT count(*) AS total,
         count(*) FILTER (WHERE s.state = 0) AS pending,
         count(*) FILTER (WHERE s.state = 2) AS in_progress,
         count(*) FILTER (WHERE s.state IN (4, 7)) AS completed,
         count(*) FILTER (WHERE s.state = 5) AS failed,
         count(*) FILTER (WHERE s.state IN (1, 8) OR (s.state = 3 AND s.retry_at <= v_now)) AS ready,
         count(*) FILTER (WHERE s.state = 3 AND s.retry_at > v_now) AS retrying,
         coalesce(bool_or(s.started_at IS NOT NULL OR s.finished_at IS NOT NULL), false) AS begun,
         max(greatest(s.started_at, s.finished_at)) AS touched_at,
         json_agg(json_build_object(
           'step_index', s.step_index,
           'name', s.name,
           'state', CASE s.state
             WHEN 0 THEN 'pending'
             WHEN 1 THEN 'enqueued'
             WHEN 2 THEN 'in_progress'
             WHEN 3 THEN CASE WHEN s.retry_at <= v_now THEN 'enqueued' ELSE 'waiting_for_retry' END
             WHEN 4 THEN 'complete'
             WHEN 5 THEN 'error'
             WHEN 6 THEN 'cancelled'
             WHEN 7 THEN 'resolved_manually'
             WHEN 8 THEN 'enqueued'
           END,
           'dependencies', s.dependencies,
           'remaining_dependencies', s.remaining_dependencies,
           'attempts', s.attempts,
           'lost_count', s.lost_count,
           'updated_at', greatest(s.queued_at, s.started_at, s.finished_at, s.touched_at),
           'completed_at', CASE WHEN s.state IN (4, 7) THEN s.finished_at END,
           'last_attempted_at', s.started_at,
           'next_retry_at', s.retry_at,
           'last_failure_at', s.failed_at,
           'result', CASE WHEN s.shown THEN s.result END,
           'event_kind', s.kind,
           'event_recorded_at', s.recorded_at,
           'event_started_at', s.event_started_at,
           'event_retry_delay_ms', s.retry_delay_ms,
           'event_detail', CASE
             WHEN s.shown OR s.detail IS NULL THEN s.detail
             ELSE json_build_object(
               'message', left(s.detail ->> 'message', 1000),
               'error_code', s.detail -> 'error_code',
               'error_type', s.detail -> 'error_type',
               'retryable', s.detail -> 'retryable',
               'status_code', s.detail -> 'status_code')
           END,
           'event_metadata', CASE WHEN s.shown THEN s.metadata END,
           'omitted', p_budget > 0 AND NOT s.shown,
           'worker_name', w.name,
           'worker_hostname', w.hostname
         ) ORDER BY s.step_index) AS steps
  INTO v_all
  FROM (
    SELECT k.*, h.touched_at, h.failed_at, l.kind, l.recorded_at, l.started_at AS event_started_at, l.retry_delay_ms, l.detail,
           l.metadata, l.worker_id AS event_worker_id,
           coalesce(k.step_index = p_whole, false)
             OR p_budget > 0 AND sum(z.bytes) OVER (ORDER BY z.bytes, k.step_index) <= p_budget AS shown
    FROM tasker.steps k
    LEFT JOIN history h ON h.step_index = k.step_index
    LEFT JOIN tasker.events l ON l.task_uuid = p_task_uuid AND l.event_id = h.last_end
    CROSS JOIN LATERAL (
      SELECT CASE WHEN p_budget > 0 THEN
        coalesce(tasker.json_bytes(k.result), 0) + coalesce(tasker.json_bytes(l.detail), 0)
          + coalesce(tasker.json_bytes(l.metadata), 0)
      END AS bytes
      OFFSET 0
    ) z
    WHERE k.task_uuid = p_task_uuid
  ) s
  LEFT JOIN tasker.workers w ON w.worker_id = s.event_worker_id;

  RETURN (
    SELECT json_build_object(
      'task_uuid', t.task_uuid,
      'template_id', t.template_id,
      'namespace', p.namespace,
      'name', p.name,
      'version', p.version,
      'status', tasker.task_status(t.status, v_all.begun, v_all.in_progress > 0 OR v_all.ready > 0, v_all.retrying > 0),
      'created_at', t.created_at,
      'updated_at', greatest(t.updated_at, v_all.touched_at),
      'completed_at', t.finished_at,
      'context', t.context,
      'initiator', t.initiator,
      'source_system', t.source_system,
      'reason', t.reason,
      'priority', t.priority,
      'tags', coalesce(t.tags, '{}'),
      'correlation_id', t.correlation_id,
      'parent_correlation_id', t.parent_correlation_id,
      'total_steps', v_all.total,
      'pending_steps', v_all.pending,
      'in_progress_steps', v_all.in_progress,
      'completed_steps', v_all.completed,
      'failed_steps', v_all.failed,
      'ready_steps', v_all.ready,
      'waiting_for_retry_steps', v_all.retrying,
      'exceeded_limit', t.exceeded_limit,
      'steps', v_all.steps)
    FROM tasker.tasks t JOIN tasker.templates p ON p.template_id = t.template_id
    WHERE t.task_uuid = p_task_uuid);
END
$$;

-- The same as rows, one a step. created_at is the task's, and so is updated_at until something happens to the step. The result
-- of a complete step is never null: it may be JSON's null.
CREATE FUNCTION tasker.read_steps(p_task_uuid uuid)
RETURNS TABLE (
  step_index smallint,
  step_uuid uuid,
  name text,
  state text,
  dependencies smallint[],
  remaining_dependencies smallint,
  attempts smallint,
  lost_count smallint,
  created_at timestamptz,
  updated_at timestamptz,
  completed_at timestamptz,
  last_attempted_at timestamptz,
  next_retry_at timestamptz,
  last_failure_at timestamptz,
  result json,
  event_kind smallint,
  event_recorded_at timestamptz,
  event_started_at timestamptz,
  event_retry_delay_ms bigint,
  event_detail json,
  event_metadata json,
  worker_name text,
  worker_hostname text,
  omitted boolean
)
LANGUAGE sql STABLE
AS $$
  SELECT s.step_index, tasker.step_uuid(p_task_uuid, s.step_index), s.name, s.state,
         ARRAY(SELECT d.value::smallint FROM json_array_elements_text(s.dependencies) WITH ORDINALITY AS d ORDER BY d.ordinality),
         s.remaining_dependencies, s.attempts, s.lost_count, (t.task ->> 'created_at')::timestamptz,
         greatest((t.task ->> 'created_at')::timestamptz, s.updated_at), s.completed_at, s.last_attempted_at, s.next_retry_at,
         s.last_failure_at, CASE s.state WHEN 'complete' THEN coalesce(s.result, 'null') END, s.event_kind, s.event_recorded_at, s.event_started_at, s.event_retry_delay_ms,
         s.event_detail, s.event_metadata, s.worker_name, s.worker_hostname, s.omitted
  FROM tasker.read_task(p_task_uuid) AS t (task)
  CROSS JOIN LATERAL json_to_recordset(t.task -> 'steps') AS s (
    step_index smallint, name text, state text, dependencies json, remaining_dependencies smallint, attempts smallint,
    lost_count smallint, updated_at timestamptz, completed_at timestamptz, last_attempted_at timestamptz,
    next_retry_at timestamptz, last_failure_at timestamptz, result json, event_kind smallint, event_recorded_at timestamptz,
    event_started_at timestamptz, event_retry_delay_ms bigint, event_detail json, event_metadata json, worker_name text,
    worker_hostname text, omitted boolean
  )
  ORDER BY s.step_index
$$;

ALTER FUNCTION tasker.read_task SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_task SET jit = off;
ALTER FUNCTION tasker.read_task SET enable_seqscan = off;
