-- Which of the given tasks have ended or are blocked, or do not exist: those that nobody needs to wait for.
CREATE FUNCTION tasker.read_settled_tasks(p_task_uuids uuid[]) RETURNS TABLE (task_uuid uuid)
LANGUAGE sql STABLE
AS $$
  SELECT i.task_uuid
  FROM unnest(p_task_uuids) AS i (task_uuid)
  LEFT JOIN tasker.tasks t ON t.task_uuid = i.task_uuid
  WHERE t.status IS DISTINCT FROM 0
$$;
