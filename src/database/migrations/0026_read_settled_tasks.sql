-- Which of the given tasks have ended or are blocked, or do not exist: those that nobody needs to wait for.
CREATE FUNCTION tasker.read_settled_tasks(p_task_uuids uuid[]) RETURNS TABLE (task_uuid uuid)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT i.task_uuid
  FROM unnest(p_task_uuids) AS i (task_uuid)
  LEFT JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[i.task_uuid])
  WHERE t.status IS DISTINCT FROM 0;
END
$$;

ALTER FUNCTION tasker.read_settled_tasks SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_settled_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.read_settled_tasks SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_settled_tasks SET enable_mergejoin = off;
