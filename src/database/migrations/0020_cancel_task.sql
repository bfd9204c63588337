-- Ends a task: its unfinished steps are cancelled, whoever runs one learns it at the next extension of its lease, and no
-- late report changes anything. Steps that are complete, resolved or in error stay what they are.
--
-- Answers with the outcome: cancelled; ended (the task had ended already, nothing changed); not_found.
-- Locks: the task; then its steps.
CREATE FUNCTION tasker.cancel_task(p_task_uuid uuid, p_reason text, p_by text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
  v_status smallint;
  v_now timestamptz;
BEGIN
  SELECT t.status INTO v_status FROM tasker.tasks t WHERE t.task_uuid = p_task_uuid FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'not_found';
  ELSIF v_status NOT IN (0, 1) THEN
    RETURN 'ended';
  END IF;
  v_now := tasker.current_time();

  PERFORM FROM tasker.steps s WHERE s.task_uuid = p_task_uuid ORDER BY s.step_index FOR NO KEY UPDATE;
  UPDATE tasker.steps s
  SET state = 6, lease_until = NULL, queued_at = NULL, retry_at = NULL, finished_at = v_now
  WHERE s.task_uuid = p_task_uuid AND s.state + 0 IN (0, 1, 2, 3, 8);
  UPDATE tasker.tasks t SET status = 4, updated_at = v_now, finished_at = v_now WHERE t.task_uuid = p_task_uuid;
  INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status, detail)
  VALUES (p_task_uuid, v_now, 9, 4, json_build_object('reason', p_reason, 'by', p_by));
  RETURN 'cancelled';
END
$$;

ALTER FUNCTION tasker.cancel_task SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.cancel_task SET enable_seqscan = off;

ALTER FUNCTION tasker.cancel_task SET lock_timeout = '5s';
