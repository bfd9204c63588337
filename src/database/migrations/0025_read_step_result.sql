-- The result of a finished step of a task, by name; no row where the step does not exist or has not finished. A resolved
-- step's result is null. For a handler that reads an ancestor farther away than its direct parents.
CREATE FUNCTION tasker.read_step_result(p_task_uuid uuid, p_name text) RETURNS TABLE (result json)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT s.result FROM tasker.steps s WHERE s.task_uuid = p_task_uuid AND s.name = p_name AND s.state + 0 IN (4, 7);
END
$$;

ALTER FUNCTION tasker.read_step_result SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_step_result SET enable_seqscan = off;
