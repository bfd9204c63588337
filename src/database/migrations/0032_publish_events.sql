-- Writes the events of ended attempts to the outbox. Called by complete_steps for the attempts that it has recorded.
--
-- p_recorded  the ordinals, from 1, of the attempts that were recorded
-- p_events    a JSON array with an entry an attempt: [{"name": text, "payload": any}, ...] or null
--
-- Locks: one advisory lock, taken last, until the transaction ends.
CREATE FUNCTION tasker.publish_events(
  p_now timestamptz,
  p_task_uuids uuid[],
  p_step_indexes smallint[],
  p_recorded bigint[],
  p_events json
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  -- "tasker:outbox"; a statement of its own, so that the ids below are drawn under the lock.
  PERFORM pg_advisory_xact_lock(hashtextextended('tasker:outbox', 0));
  INSERT INTO tasker.domain_events
    (task_uuid, correlation_id, published_at, template_id, step_index, attempt, attempt_token, name, payload)
  SELECT t.task_uuid, t.correlation_id, p_now, s.template_id, s.step_index, s.attempts, s.attempt_token, e.event ->> 'name',
         coalesce(e.event -> 'payload', 'null')
  FROM json_array_elements(p_events) WITH ORDINALITY AS i (events, n)
  CROSS JOIN LATERAL json_array_elements(CASE json_typeof(i.events) WHEN 'array' THEN i.events ELSE '[]' END)
    WITH ORDINALITY AS e (event, place)
  JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[p_task_uuids[i.n]])
  JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[p_task_uuids[i.n]]) AND s.step_index = p_step_indexes[i.n]
  WHERE i.n = ANY (p_recorded)
  ORDER BY i.n, e.place;
END
$$;

ALTER FUNCTION tasker.publish_events SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.publish_events SET enable_seqscan = off;
ALTER FUNCTION tasker.publish_events SET enable_hashjoin = off;
ALTER FUNCTION tasker.publish_events SET enable_mergejoin = off;
ALTER FUNCTION tasker.publish_events SET enable_bitmapscan = off;
ALTER FUNCTION tasker.publish_events SET jit = off;
