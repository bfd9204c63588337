-- What has been recorded of a step: one row an ended attempt or manual action, oldest first; where nothing is left to tell, one row
-- whose event_id is null; no row where the step does not exist. result is what the step holds, in the row that gave it. Reads the
-- events of the step's own task only.
--
-- p_after   the last event of the page before, 0 to begin with the oldest
-- p_limit   the most rows
-- p_budget  the page ends before the row whose results, errors and metadata are past this many bytes, but has one in any case
-- more says in each row whether further ones follow the page.
CREATE FUNCTION tasker.read_step_audit(
  p_task_uuid uuid,
  p_step_index smallint,
  p_after bigint DEFAULT 0,
  p_limit integer DEFAULT 100,
  p_budget bigint DEFAULT 8388608
) RETURNS TABLE (
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
  worker_hostname text,
  more boolean
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT e.event_id, e.kind, e.recorded_at, e.started_at, e.retry_delay_ms, e.attempt, e.detail, e.metadata,
         CASE WHEN e.kind IN (1, 8) THEN s.result END, s.name, s.template_id, t.correlation_id, w.name, w.hostname,
         coalesce(e.more, false)
  FROM tasker.steps s
  JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid])
  LEFT JOIN LATERAL (
    SELECT b.*, count(*) OVER () > count(*) FILTER (WHERE b.fits) OVER () AS more
    FROM (
      SELECT a.*, row_number() OVER oldest_first = 1 OR row_number() OVER oldest_first <= p_limit
               AND sum(coalesce(tasker.json_bytes(a.detail), 0) + coalesce(tasker.json_bytes(a.metadata), 0)
                 + CASE WHEN a.kind IN (1, 8) THEN coalesce(tasker.json_bytes(s.result), 0) ELSE 0 END
               ) OVER oldest_first <= p_budget AS fits
      FROM (
        SELECT k.* FROM tasker.events k
        WHERE k.task_uuid = p_task_uuid AND k.step_index = p_step_index AND k.event_id > p_after
        ORDER BY k.event_id
        LIMIT p_limit + 1
      ) a
      WINDOW oldest_first AS (ORDER BY a.event_id)
    ) b
  ) e ON e.fits
  LEFT JOIN tasker.workers w ON w.worker_id = e.worker_id
  WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index
  ORDER BY e.event_id;
END
$$;

ALTER FUNCTION tasker.read_step_audit SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_audit SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_audit SET jit = off;
