-- Results of finished steps by name, each of any task: for handlers that read ancestors farther away than their direct
-- parents, many in one call.
--
-- p_task_uuids, p_names: one entry a result. Answers with a row for each whose step has finished: the entry's place, from
-- 1, and the result, null of a step that was resolved by hand. No row where the step does not exist or has not finished.
-- Locks nothing.
CREATE FUNCTION tasker.read_step_results(p_task_uuids uuid[], p_names text[])
RETURNS TABLE (ordinal integer, result json)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT i.ordinal::integer, s.result
  FROM unnest(p_task_uuids, p_names) WITH ORDINALITY AS i (task_uuid, name, ordinal)
  JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid])
  WHERE s.name = i.name AND s.state + 0 IN (4, 7);
END
$$;

ALTER FUNCTION tasker.read_step_results SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_results SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_results SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_mergejoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_bitmapscan = off;
ALTER FUNCTION tasker.read_step_results SET jit = off;
