-- Gives a step in error a new run by hand: its attempts and losses start anew and its task goes on by itself.
--
-- Answers with one row: outcome, and the step's state before. Outcomes: done; not_found; invalid_state (the step is not in
-- error, or its task has ended; nothing changed).
-- Locks: the task; then the step.
CREATE FUNCTION tasker.reset_step(p_task_uuid uuid, p_step_index smallint, p_reason text, p_by text)
RETURNS TABLE (outcome text, state smallint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_status smallint;
  v_state smallint;
  v_now timestamptz;
BEGIN
  SELECT t.status INTO v_status FROM tasker.tasks t WHERE t.task_uuid = p_task_uuid FOR NO KEY UPDATE;
  SELECT s.state INTO v_state
  FROM tasker.steps s WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found', NULL::smallint;
    RETURN;
  ELSIF v_state <> 5 OR v_status NOT IN (0, 1) THEN
    RETURN QUERY SELECT 'invalid_state', v_state;
    RETURN;
  END IF;
  v_now := tasker.current_time();

  UPDATE tasker.steps s
  SET state = 1, queued_at = v_now, attempts = 0, lost_count = 0, attempt_token = NULL, finished_at = NULL
  WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index;
  UPDATE tasker.tasks t SET failed_steps = t.failed_steps - 1, updated_at = v_now WHERE t.task_uuid = p_task_uuid;
  INSERT INTO tasker.events (task_uuid, recorded_at, step_index, kind, detail)
  VALUES (p_task_uuid, v_now, p_step_index, 6, json_build_object('reason', p_reason, 'by', p_by));
  PERFORM tasker.settle_tasks(ARRAY[p_task_uuid]);
  RETURN QUERY SELECT 'done', v_state;
END
$$;

ALTER FUNCTION tasker.reset_step SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.reset_step SET enable_seqscan = off;

ALTER FUNCTION tasker.reset_step SET lock_timeout = '5s';
