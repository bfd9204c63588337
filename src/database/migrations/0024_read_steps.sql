-- The steps of a task as they stand, in topological order, each with what its last recorded attempt or manual end left.
-- Reads the calling statement's snapshot.
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
  worker_hostname text
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
BEGIN
  RETURN QUERY
  WITH event AS MATERIALIZED (
    SELECT e.* FROM tasker.events e WHERE e.task_uuid = p_task_uuid AND e.step_index IS NOT NULL
  ), last_end AS (
    SELECT DISTINCT ON (e.step_index) e.* FROM event e WHERE e.kind IN (1, 2, 3, 7, 8) ORDER BY e.step_index, e.event_id DESC
  ), history AS (
    SELECT e.step_index, max(e.recorded_at) AS touched_at,
           max(e.recorded_at) FILTER (WHERE e.kind IN (2, 3)) AS failed_at
    FROM event e GROUP BY e.step_index
  )
  SELECT s.step_index, tasker.step_uuid(s.task_uuid, s.step_index), s.name,
         CASE s.state
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
         s.dependencies, s.remaining_dependencies, s.attempts, s.lost_count, t.created_at,
         greatest(t.created_at, s.queued_at, s.started_at, s.finished_at, h.touched_at),
         CASE WHEN s.state IN (4, 7) THEN s.finished_at END, s.started_at, s.retry_at, h.failed_at, s.result, l.kind,
         l.recorded_at, l.started_at, l.retry_delay_ms, l.detail, l.metadata, w.name, w.hostname
  FROM tasker.steps s
  JOIN tasker.tasks t ON t.task_uuid = s.task_uuid
  LEFT JOIN last_end l ON l.step_index = s.step_index
  LEFT JOIN history h ON h.step_index = s.step_index
  LEFT JOIN tasker.workers w ON w.worker_id = l.worker_id
  WHERE s.task_uuid = p_task_uuid
  ORDER BY s.step_index;
END
$$;

ALTER FUNCTION tasker.read_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_steps SET jit = off;
ALTER FUNCTION tasker.read_steps SET enable_seqscan = off;
