-- Accepts tasks as submit_tasks does and gives the caller its next work as claim_steps does, in one transaction: a worker with
-- free slots begins a task with the commit that accepts it.
--
-- Arguments: p_tasks as submit_tasks, p_seek as complete_steps, the others as claim_steps.
--
-- Answers with rows of kind "submitted", one a task, in order: task_uuid, and detail: {"outcome", "accepted_at"} of submit_tasks;
-- then claims and summary as claim_steps. What is claimed is what comes first by priority and time, of these tasks or of others:
-- where nothing else is ready, the first steps are stored as leased, which spares them the queue.
--
-- Errors: as submit_tasks. A repeat after a lost answer is answered with the same tasks and, where p_repeated says so, with what
-- its tokens hold. Locks: the first token, as claim_steps; then as submit_tasks and claim_steps.
CREATE FUNCTION tasker.submit_and_claim(
  p_tasks json,
  p_worker integer,
  p_schema_version integer,
  p_repeated boolean,
  p_template_ids integer[],
  p_tokens uuid[],
  p_lease_seconds integer,
  p_seek boolean DEFAULT true
) RETURNS TABLE (
  kind text,
  task_uuid uuid,
  step_index smallint,
  attempt_token uuid,
  template_id integer,
  name text,
  attempt smallint,
  lost_count smallint,
  lease_seconds integer,
  correlation_id uuid,
  context json,
  inputs json,
  detail json
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_void text;
  v_next_retry_at timestamptz;
  v_alone boolean := false;
  v_top_priority smallint;
  v_direct boolean := false;
  v_outcome text;
  v_accepted_at timestamptz;
  v_task_uuids uuid[] := '{}';
  v_count integer := 0;
BEGIN
  -- First, whatever follows: who asks for what these tokens hold, by this function or by claim_steps, waits for this call's end.
  IF cardinality(p_tokens) > 0 THEN
    v_void := pg_advisory_xact_lock(hashtextextended(p_tokens[1]::text, 0));
    v_now := tasker.current_time();
    IF p_seek THEN
      SELECT o.next_retry_at, o.alone, o.top_priority INTO v_next_retry_at, v_alone, v_top_priority
      FROM tasker.queue_outlook(p_template_ids, (-32768)::smallint) o;
    END IF;
    v_direct := NOT p_repeated AND p_schema_version >= tasker.schema_version()
      AND v_top_priority IS NULL AND coalesce(v_next_retry_at > v_now, true);
  END IF;

  FOR task_uuid, v_outcome, v_accepted_at IN
    SELECT t.task_uuid, t.outcome, t.accepted_at
    FROM tasker.submit_tasks(
      p_tasks, p_worker, p_template_ids, CASE WHEN v_direct THEN p_tokens END, p_lease_seconds) t
  LOOP
    kind := 'submitted';
    detail := json_build_object('outcome', v_outcome, 'accepted_at', v_accepted_at);
    RETURN NEXT;
    v_task_uuids := v_task_uuids || task_uuid;
  END LOOP;

  IF v_direct THEN
    RETURN QUERY
    SELECT 'claim', s.task_uuid, s.step_index, s.attempt_token, s.template_id, s.name, s.attempts, s.lost_count,
           coalesce(s.lease_seconds, p_lease_seconds), t.correlation_id, t.context, NULL::json, NULL::json
    FROM tasker.tasks t
    JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[t.task_uuid])
    WHERE t.task_uuid = ANY (v_task_uuids) AND s.attempt_token = ANY (p_tokens);
    GET DIAGNOSTICS v_count = ROW_COUNT;
  END IF;
  IF v_count = 0 THEN
    RETURN QUERY
    SELECT * FROM tasker.claim_steps(p_worker, p_schema_version, p_repeated, p_template_ids, p_tokens, p_lease_seconds);
    RETURN;
  END IF;

  kind := 'summary';
  task_uuid := NULL;
  detail := tasker.claim_summary(
    v_now, v_next_retry_at, v_alone, v_count >= cardinality(p_tokens), tasker.schema_version());
  RETURN NEXT;
END
$$;

ALTER FUNCTION tasker.submit_and_claim SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.submit_and_claim SET enable_seqscan = off;
ALTER FUNCTION tasker.submit_and_claim SET enable_hashjoin = off;
ALTER FUNCTION tasker.submit_and_claim SET enable_mergejoin = off;
ALTER FUNCTION tasker.submit_and_claim SET enable_bitmapscan = off;
ALTER FUNCTION tasker.submit_and_claim SET jit = off;
