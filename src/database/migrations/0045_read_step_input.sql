-- The input of a step that an attempt holds, for a claim that left it out: the task's context, and the results of the direct parents
-- by name, as claim_steps would have given them. If they have more than p_max_bytes together, they are not built; the answer then
-- says how much there is.
--
-- Answers with one row:
--   context  the task's context, unless it has more than p_max_bytes itself
--   inputs   the parents' results by name; null if no parent has one, or if there is too much
--   excess   null, or {"bytes": of context and results, "context_bytes", "parents": how many have a result, "largest": [{"name",
--            "bytes"}, ...] of the ten largest results}
-- No row where the token does not hold the step. Locks nothing. Reads a compressed value to see how long it is, one at a time.
CREATE FUNCTION tasker.read_step_input(p_task_uuid uuid, p_step_index smallint, p_token uuid, p_max_bytes bigint)
RETURNS TABLE (context json, inputs json, excess json)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
  v_dependencies smallint[];
  v_context_bytes bigint;
  v_results record;
BEGIN
  SELECT s.dependencies,
         CASE WHEN pg_column_compression(t.context) IS NULL THEN pg_column_size(t.context) ELSE octet_length(t.context::text) END
  INTO v_dependencies, v_context_bytes
  FROM tasker.steps s JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid])
  WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index AND s.attempt_token = p_token AND s.state + 0 = 2;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  SELECT count(*) AS parents, coalesce(sum(r.bytes), 0) AS bytes,
         json_agg(json_build_object('name', r.name, 'bytes', r.bytes) ORDER BY r.place) FILTER (WHERE r.place <= 10) AS largest
  INTO v_results
  FROM (
    SELECT m.name, m.bytes, row_number() OVER (ORDER BY m.bytes DESC, m.name) AS place
    FROM (
      SELECT p.name,
             CASE WHEN pg_column_compression(p.result) IS NULL THEN pg_column_size(p.result)
               ELSE octet_length(p.result::text) END AS bytes
      FROM tasker.steps p
      WHERE p.task_uuid = p_task_uuid AND p.step_index = ANY (v_dependencies) AND p.state + 0 = 4
        AND p.result IS NOT NULL
    ) m
  ) r;

  IF v_context_bytes + v_results.bytes > p_max_bytes THEN
    excess := json_build_object(
      'bytes', v_context_bytes + v_results.bytes,
      'context_bytes', v_context_bytes,
      'parents', v_results.parents,
      'largest', coalesce(v_results.largest, '[]'));
  ELSE
    SELECT json_object_agg(p.name, p.result) INTO inputs
    FROM tasker.steps p
    WHERE p.task_uuid = p_task_uuid AND p.step_index = ANY (v_dependencies) AND p.state + 0 = 4;
  END IF;
  IF v_context_bytes <= p_max_bytes THEN
    SELECT t.context INTO context FROM tasker.tasks t WHERE t.task_uuid = p_task_uuid;
  END IF;
  RETURN NEXT;
END
$$;

ALTER FUNCTION tasker.read_step_input SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_input SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_input SET jit = off;
