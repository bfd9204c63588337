-- What has happened to tasks since the events that their readers have seen, and what runs right now: for event streams.
--
-- p_task_uuids  one entry a reader: the task that it follows; a task may come more than once
-- p_after       the last event that it has seen, 0 for none
-- p_limit       the most events that one entry is answered with
-- p_running     the most running attempts that one entry is answered with; as p_limit where null
--
-- Answers with one row an entry whose task exists, of one snapshot:
--   ordinal  the entry's place, from 1
--   known    whether p_after is 0, or an event of this task
--   status   the task's stored status, see tasks
--   more     whether there are further events than those in this answer
--   events   a JSON array, oldest first: {"event_id" (as text), "kind", "recorded_at", "step_index", "step_name",
--            "attempt", "retry_delay_ms", "from_status", "to_status", "detail"}, or null. Statuses are of kind 9: the
--            stored status before and after. A message in detail is cut after 4,000 characters; what only the step's
--            results tell (backtrace, context) is left out.
--   running  a JSON array of {"step_index", "step_name", "attempt", "started_at"}, or null. Empty while there is more to
--            read, so that nobody hears of an attempt before the one that it follows.
-- Locks nothing.
CREATE FUNCTION tasker.read_task_events(p_task_uuids uuid[], p_after bigint[], p_limit integer, p_running integer DEFAULT NULL)
RETURNS TABLE (ordinal integer, known boolean, status smallint, more boolean, events json, running json)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT i.ordinal::integer,
         i.after = 0 OR EXISTS (
           SELECT FROM tasker.events e WHERE e.task_uuid = ANY (ARRAY[i.task_uuid]) AND e.event_id = i.after
         ),
         t.status, page.more, page.events,
         CASE WHEN t.status = 0 AND NOT page.more THEN (
           SELECT json_agg(json_build_object(
             'step_index', r.step_index, 'step_name', r.name, 'attempt', r.attempts, 'started_at', r.started_at
           ) ORDER BY r.started_at, r.step_index)
           FROM (
             SELECT s.step_index, s.name, s.attempts, s.started_at
             FROM tasker.steps s
             WHERE s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.state + 0 = 2
             LIMIT coalesce(p_running, p_limit)
           ) r
         ) END
  FROM unnest(p_task_uuids, p_after) WITH ORDINALITY AS i (task_uuid, after, ordinal)
  JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[i.task_uuid])
  CROSS JOIN LATERAL (
    SELECT count(*) > p_limit AS more,
           json_agg(json_build_object(
             'event_id', n.event_id::text,
             'kind', n.kind,
             'recorded_at', n.recorded_at,
             'step_index', n.step_index,
             'step_name', s.name,
             'attempt', n.attempt,
             'retry_delay_ms', n.retry_delay_ms,
             'from_status', CASE WHEN n.kind = 9 THEN coalesce((
               SELECT p.task_status
               FROM tasker.events p
               WHERE p.task_uuid = i.task_uuid AND p.event_id < n.event_id AND p.kind = 9
               ORDER BY p.event_id DESC LIMIT 1
             ), 0) END,
             'to_status', n.task_status,
             'detail', json_build_object(
               'message', left(n.detail ->> 'message', 4000),
               'error_code', n.detail -> 'error_code',
               'error_type', n.detail -> 'error_type',
               'retryable', n.detail -> 'retryable',
               'by', n.detail -> 'by',
               'reason', n.detail -> 'reason',
               'from_state', n.detail -> 'from_state',
               'exceeded_limit', n.detail -> 'exceeded_limit'
             )
           ) ORDER BY n.event_id) FILTER (WHERE n.place <= p_limit) AS events
    FROM (
      SELECT e.*, row_number() OVER (ORDER BY e.event_id) AS place
      FROM tasker.events e
      WHERE e.task_uuid = i.task_uuid AND e.event_id > i.after
      ORDER BY e.event_id
      LIMIT p_limit + 1
    ) n
    LEFT JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = n.step_index
  ) page;
END
$$;

ALTER FUNCTION tasker.read_task_events SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_task_events SET enable_seqscan = off;
ALTER FUNCTION tasker.read_task_events SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_task_events SET enable_mergejoin = off;
ALTER FUNCTION tasker.read_task_events SET enable_bitmapscan = off;
ALTER FUNCTION tasker.read_task_events SET jit = off;
