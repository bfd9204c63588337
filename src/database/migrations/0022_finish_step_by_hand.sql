-- Ends a step by hand, so that its dependants go on: resolved (no result) or complete (with the given result). A running
-- attempt of it loses its hold, and its report will be refused.
--
-- Answers with one row: outcome, the step's state before, and whether the task ended by it. Outcomes: done; not_found;
-- invalid_state (the step is finished or waits for dependencies, or its task has ended; nothing changed).
-- Locks: the task; then its steps.
CREATE FUNCTION tasker.finish_step_by_hand(
  p_task_uuid uuid,
  p_step_index smallint,
  p_complete boolean,
  p_result json,
  p_metadata json,
  p_reason text,
  p_by text
) RETURNS TABLE (outcome text, state smallint, settled boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_status smallint;
  v_step tasker.steps;
  v_now timestamptz;
  v_settled uuid[];
BEGIN
  SELECT t.status INTO v_status FROM tasker.tasks t WHERE t.task_uuid = p_task_uuid FOR NO KEY UPDATE;
  SELECT s.* INTO v_step
  FROM tasker.steps s WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found', NULL::smallint, false;
    RETURN;
  ELSIF v_step.state NOT IN (1, 2, 3, 5, 8) OR v_status NOT IN (0, 1) THEN
    RETURN QUERY SELECT 'invalid_state', v_step.state, false;
    RETURN;
  END IF;
  v_now := tasker.current_time();

  UPDATE tasker.steps s
  SET state = CASE WHEN p_complete THEN 4 ELSE 7 END,
      result = CASE WHEN p_complete THEN p_result END,
      attempt_token = NULL, lease_until = NULL, queued_at = NULL, retry_at = NULL, finished_at = v_now
  WHERE s.task_uuid = p_task_uuid AND s.step_index = p_step_index;
  UPDATE tasker.steps s
  SET remaining_dependencies = s.remaining_dependencies - 1,
      state = CASE WHEN s.remaining_dependencies = 1 THEN 1 ELSE 0 END,
      queued_at = CASE WHEN s.remaining_dependencies = 1 THEN v_now END
  WHERE s.task_uuid = p_task_uuid AND s.step_index = ANY (v_step.dependents) AND s.state + 0 = 0;
  UPDATE tasker.tasks t
  SET failed_steps = t.failed_steps - CASE WHEN v_step.state = 5 THEN 1 ELSE 0 END,
      open_sinks = t.open_sinks - CASE WHEN v_step.dependents = '{}' THEN 1 ELSE 0 END,
      updated_at = v_now
  WHERE t.task_uuid = p_task_uuid;
  INSERT INTO tasker.events (task_uuid, recorded_at, step_index, kind, detail, metadata)
  VALUES (p_task_uuid, v_now, p_step_index, CASE WHEN p_complete THEN 8 ELSE 7 END,
          json_build_object(
            'reason', p_reason, 'by', p_by,
            'from_state', CASE v_step.state
              WHEN 2 THEN 'in_progress' WHEN 3 THEN 'waiting_for_retry' WHEN 5 THEN 'error' ELSE 'enqueued' END),
          p_metadata);
  v_settled := tasker.settle_tasks(ARRAY[p_task_uuid]);
  RETURN QUERY SELECT 'done', v_step.state, cardinality(v_settled) > 0;
END
$$;

ALTER FUNCTION tasker.finish_step_by_hand SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.finish_step_by_hand SET enable_seqscan = off;

ALTER FUNCTION tasker.finish_step_by_hand SET lock_timeout = '5s';
