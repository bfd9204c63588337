-- Brings the stored status of tasks in line with their steps, for the paths on which steps fail or are changed by hand:
-- complete when no sink is open, blocked when something failed and nothing can run, active otherwise. Answers with the
-- tasks that ended or became blocked by it.
--
-- The caller holds the locks on the tasks and has changed their steps in earlier statements.
CREATE FUNCTION tasker.settle_tasks(p_task_uuids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql
AS $$
DECLARE
  v_now timestamptz := tasker.current_time();
  v_settled uuid[];
BEGIN
  WITH verdict AS MATERIALIZED (
    SELECT t.task_uuid,
           CASE
             WHEN t.open_sinks = 0 THEN 2
             WHEN t.failed_steps > 0 AND NOT EXISTS (
               SELECT FROM tasker.steps s WHERE s.task_uuid = t.task_uuid AND s.state + 0 IN (1, 2, 3, 8)
             ) THEN 1
             ELSE 0
           END AS status
    FROM tasker.tasks t
    WHERE t.task_uuid = ANY (p_task_uuids) AND t.status + 0 IN (0, 1)
  ), changed AS (
    UPDATE tasker.tasks t
    SET status = v.status, updated_at = v_now, finished_at = CASE WHEN v.status = 2 THEN v_now END
    FROM verdict v
    WHERE t.task_uuid = ANY (ARRAY[v.task_uuid]) AND t.status <> v.status
    RETURNING t.task_uuid, t.status
  ), event AS (
    INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status)
    SELECT c.task_uuid, v_now, 9, c.status FROM changed c
  )
  SELECT array_agg(c.task_uuid) INTO v_settled FROM changed c WHERE c.status <> 0;
  RETURN coalesce(v_settled, '{}');
END
$$;
