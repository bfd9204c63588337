-- Gives ready steps to a worker, at most one a token: what claim_steps and complete_steps have in common, run under their
-- settings. Retries that have come due become ready first, if p_retries_due says that there are any.
--
-- Answers with the claims, as claim_steps does. Locks: step rows, SKIP LOCKED.
CREATE FUNCTION tasker.take_ready_steps(
  p_now timestamptz,
  p_worker integer,
  p_template_ids integer[],
  p_tokens uuid[],
  p_lease_seconds integer,
  p_retries_due boolean
) RETURNS TABLE (
  kind text,
  task_uuid uuid,
  step_index smallint,
  attempt_token uuid,
  template_id integer,
  name text,
  attempt smallint,
  lost_count smallint,
  lease_seconds integer,
  correlation_id uuid,
  context json,
  inputs json,
  detail json
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_limit integer := cardinality(p_tokens);
  v_share bigint;
  v_tasks uuid[];
  v_indexes smallint[];
  v_seen integer := 0;
  v_taken integer;
  v_count integer := 0;
BEGIN
  IF p_retries_due THEN
    UPDATE tasker.steps s
    SET state = CASE WHEN s.lost_count >= 2 THEN 8 ELSE 1 END, queued_at = s.retry_at, retry_at = NULL
    FROM (
      SELECT r.task_uuid, r.step_index
      FROM tasker.steps r
      WHERE r.state = 3 AND r.retry_at <= p_now
      ORDER BY r.retry_at
      LIMIT 1000
      FOR UPDATE SKIP LOCKED
    ) due
    WHERE s.task_uuid = ANY (ARRAY[due.task_uuid]) AND s.step_index = due.step_index;
  END IF;

  -- The index of ready steps is read once, as far as the answer goes: between vacuums it keeps what was claimed. Of several
  -- templates the best are found first and then locked by their keys; under lock from the start, rows would be locked that
  -- are not among the best. A second time only where others hold some of these: what is left of the limit may come from any
  -- template then.
  FOR pass IN 1 .. 2 LOOP
    IF pass = 1 AND cardinality(p_template_ids) > 1 THEN
      SELECT array_agg(best.task_uuid), array_agg(best.step_index) INTO v_tasks, v_indexes
      FROM (
        SELECT c.task_uuid, c.step_index
        FROM unnest(p_template_ids) AS t (id)
        CROSS JOIN LATERAL (
          SELECT s.priority, s.queued_at, s.task_uuid, s.step_index
          FROM tasker.steps s
          WHERE s.state = 1 AND s.template_id = t.id
          ORDER BY s.priority DESC, s.queued_at, s.task_uuid, s.step_index
          LIMIT v_limit
        ) c
        ORDER BY c.priority DESC, c.queued_at, c.task_uuid, c.step_index
        LIMIT v_limit
      ) best;
      EXIT WHEN v_tasks IS NULL;
      v_seen := cardinality(v_tasks);

      SELECT array_agg(held.task_uuid), array_agg(held.step_index) INTO v_tasks, v_indexes
      FROM (
        SELECT s.task_uuid, s.step_index
        FROM unnest(v_tasks, v_indexes) AS c (task_uuid, step_index)
        CROSS JOIN LATERAL (
          SELECT s.task_uuid, s.step_index
          FROM tasker.steps s
          WHERE s.task_uuid = ANY (ARRAY[c.task_uuid]) AND s.step_index = c.step_index AND s.state + 0 = 1
          FOR UPDATE SKIP LOCKED
        ) s
      ) held;
    ELSE
      SELECT array_agg(held.task_uuid), array_agg(held.step_index) INTO v_tasks, v_indexes
      FROM (
        SELECT c.task_uuid, c.step_index
        FROM unnest(p_template_ids) AS t (id)
        CROSS JOIN LATERAL (
          SELECT s.task_uuid, s.step_index
          FROM tasker.steps s
          WHERE s.state = 1 AND s.template_id = t.id
          ORDER BY s.priority DESC, s.queued_at, s.task_uuid, s.step_index
          LIMIT v_limit - v_count
          FOR UPDATE SKIP LOCKED
        ) c
        LIMIT v_limit - v_count
      ) held;
    END IF;

    IF v_tasks IS NOT NULL THEN
      v_share := tasker.input_share(cardinality(v_tasks));
      RETURN QUERY
      WITH taken AS (
        UPDATE tasker.steps s
        SET state = 2,
            attempts = s.attempts + 1,
            attempt_token = p_tokens[v_count + c.n],
            worker_id = p_worker,
            -- The step may have become ready after p_now was read.
            started_at = greatest(p_now, s.queued_at),
            lease_until = p_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds)),
            queued_at = NULL
        FROM unnest(v_tasks, v_indexes) WITH ORDINALITY AS c (task_uuid, step_index, n)
        WHERE s.task_uuid = ANY (ARRAY[c.task_uuid]) AND s.step_index = c.step_index
        RETURNING s.*
      )
      SELECT 'claim', s.task_uuid, s.step_index, s.attempt_token, s.template_id, s.name, s.attempts, s.lost_count,
             coalesce(s.lease_seconds, p_lease_seconds),
             t.correlation_id,
             CASE WHEN tasker.json_bytes(t.context) <= v_share THEN t.context END,
             CASE WHEN s.dependencies <> '{}' THEN (
               -- Results over their share are left out, not built: read_step_input gives them.
               SELECT CASE
                 WHEN bool_or(tasker.json_bytes(p.result) > v_share / cardinality(s.dependencies)) THEN '"deferred"'
                 ELSE json_object_agg(p.name, p.result)
                   FILTER (WHERE tasker.json_bytes(p.result) <= v_share / cardinality(s.dependencies))
               END
               FROM tasker.steps p
               WHERE p.task_uuid = s.task_uuid AND p.step_index = ANY (s.dependencies) AND p.state = 4
             ) END,
             NULL::json
      FROM taken s JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid]);
      GET DIAGNOSTICS v_taken = ROW_COUNT;
      v_count := v_count + v_taken;
    END IF;
    EXIT WHEN v_count >= v_seen;
  END LOOP;
END
$$;
