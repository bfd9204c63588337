-- Tasker's word for a task's status: of an active one (stored 0) by what its steps do: whether any has begun, one runs or could,
-- one waits for a retry.
CREATE FUNCTION tasker.task_status(p_stored smallint, p_begun boolean, p_moving boolean, p_retrying boolean) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_stored
    WHEN 1 THEN 'blocked_by_failures'
    WHEN 2 THEN 'complete'
    WHEN 3 THEN 'error'
    WHEN 4 THEN 'cancelled'
    ELSE CASE
      WHEN NOT p_begun THEN 'pending'
      WHEN p_moving THEN 'steps_in_process'
      WHEN p_retrying THEN 'waiting_for_retry'
      ELSE 'waiting_for_dependencies'
    END
  END
$$;

-- Tasks as they stand, in the order of their ids, each with its finer status and the counts of its steps. Ids without a
-- task have no row. Reads the calling statement's snapshot, so that it agrees with read_task in the same statement.
--
-- p_budget  how many bytes of contexts are in the answer: the smallest ones, as far as it goes. Of a task past it context is null and
--           context_omitted is true. With 0 none is read
CREATE FUNCTION tasker.read_tasks(p_task_uuids uuid[], p_budget bigint DEFAULT 4194304)
RETURNS TABLE (
  task_uuid uuid,
  template_id integer,
  namespace text,
  name text,
  version text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  completed_at timestamptz,
  context json,
  initiator text,
  source_system text,
  reason text,
  priority smallint,
  tags text[],
  correlation_id uuid,
  parent_correlation_id uuid,
  total_steps integer,
  pending_steps integer,
  in_progress_steps integer,
  completed_steps integer,
  failed_steps integer,
  ready_steps integer,
  waiting_for_retry_steps integer,
  exceeded_limit text,
  context_omitted boolean
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
BEGIN
  RETURN QUERY
  SELECT t.task_uuid, t.template_id, p.namespace, p.name, p.version,
         tasker.task_status(t.status, c.started, c.in_progress > 0 OR c.ready > 0, c.waiting_for_retry > 0),
         t.created_at, greatest(t.updated_at, c.touched_at), t.finished_at,
         CASE WHEN t.shown THEN t.context END, t.initiator, t.source_system,
         t.reason, t.priority, coalesce(t.tags, '{}'), t.correlation_id, t.parent_correlation_id,
         c.total::integer, c.pending::integer, c.in_progress::integer, c.completed::integer, c.failed::integer,
         c.ready::integer, c.waiting_for_retry::integer,
         t.exceeded_limit, p_budget > 0 AND NOT t.shown
  FROM (
    SELECT k.*, p_budget > 0 AND sum(z.bytes) OVER (ORDER BY z.bytes, k.task_uuid) <= p_budget AS shown
    FROM tasker.tasks k
    CROSS JOIN LATERAL (SELECT CASE WHEN p_budget > 0 THEN tasker.json_bytes(k.context) END AS bytes OFFSET 0) z
    WHERE k.task_uuid = ANY (p_task_uuids)
  ) t
  JOIN tasker.templates p ON p.template_id = t.template_id
  CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE s.state = 0) AS pending,
           count(*) FILTER (WHERE s.state = 2) AS in_progress,
           count(*) FILTER (WHERE s.state IN (4, 7)) AS completed,
           count(*) FILTER (WHERE s.state = 5) AS failed,
           count(*) FILTER (WHERE s.state IN (1, 8) OR (s.state = 3 AND s.retry_at <= v_now)) AS ready,
           count(*) FILTER (WHERE s.state = 3 AND s.retry_at > v_now) AS waiting_for_retry,
           coalesce(bool_or(s.started_at IS NOT NULL OR s.finished_at IS NOT NULL), false) AS started,
           max(greatest(s.started_at, s.finished_at)) AS touched_at
    FROM tasker.steps s
    WHERE s.task_uuid = t.task_uuid
  ) c
  ORDER BY t.task_uuid;
END
$$;

ALTER FUNCTION tasker.read_tasks SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.read_tasks SET jit = off;
