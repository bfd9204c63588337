-- Results of complete steps by name, each of any task: for handlers that read ancestors farther away than their direct
-- parents, many in one call.
--
-- p_task_uuids, p_names: one entry a result. Answers with a row for each step that is complete: the entry's place, from 1,
-- and the result, any JSON value. No row if the step does not exist, has not finished, or was resolved by hand.
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
  WHERE s.name = i.name AND s.state + 0 = 4;
END
$$;

ALTER FUNCTION tasker.read_step_results SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_results SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_results SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_mergejoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_bitmapscan = off;
ALTER FUNCTION tasker.read_step_results SET jit = off;
