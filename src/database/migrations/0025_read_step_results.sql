-- Results of complete steps by name, each of any task: for handlers that read ancestors farther away than their direct
-- parents, many in one call.
--
-- p_task_uuids, p_names: one entry a result. Answers with a row for each step that is complete: the entry's place, from 1,
-- and the result, any JSON value. No row if the step does not exist, has not finished, or was resolved by hand.
--
-- p_budget: once the results of earlier entries have this many bytes, those of later ones are left out: left_out is true and result is
-- null. Ask for these again. Locks nothing.
CREATE FUNCTION tasker.read_step_results(p_task_uuids uuid[], p_names text[], p_budget bigint DEFAULT 8388608)
RETURNS TABLE (ordinal integer, result json, left_out boolean)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT r.ordinal, CASE WHEN r.earlier < p_budget THEN r.result END, r.earlier >= p_budget
  FROM (
    SELECT i.ordinal::integer, s.result,
           coalesce(sum(tasker.json_bytes(s.result)) OVER (
             ORDER BY i.ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS earlier
    FROM unnest(p_task_uuids, p_names) WITH ORDINALITY AS i (task_uuid, name, ordinal)
    JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid])
    WHERE s.name = i.name AND s.state + 0 = 4
  ) r;
END
$$;

ALTER FUNCTION tasker.read_step_results SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_results SET enable_seqscan = off;
ALTER FUNCTION tasker.read_step_results SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_mergejoin = off;
ALTER FUNCTION tasker.read_step_results SET enable_bitmapscan = off;
ALTER FUNCTION tasker.read_step_results SET jit = off;
