-- Accepts tasks as submit_tasks does and gives the caller its next work as claim_steps does, in one transaction: a worker with
-- free slots begins a task with the commit that accepts it.
--
-- Arguments: p_tasks as submit_tasks, the others as claim_steps.
--
-- Answers with rows of kind "submitted", one a task, in order: task_uuid, and detail: {"outcome", "accepted_at"} of submit_tasks;
-- then claims and summary as claim_steps. What is claimed is what comes first by priority and time, of these tasks or of others.
--
-- Errors: as submit_tasks. A repeat after a lost answer is answered with the same tasks and, where p_repeated says so, with what
-- its tokens hold. Locks: as submit_tasks, then as claim_steps.
CREATE FUNCTION tasker.submit_and_claim(
  p_tasks json,
  p_worker integer,
  p_schema_version integer,
  p_repeated boolean,
  p_template_ids integer[],
  p_tokens uuid[],
  p_lease_seconds integer
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
BEGIN
  RETURN QUERY
  SELECT 'submitted', t.task_uuid, NULL::smallint, NULL::uuid, NULL::integer, NULL::text, NULL::smallint, NULL::smallint,
         NULL::integer, NULL::uuid, NULL::json, NULL::json,
         json_build_object('outcome', t.outcome, 'accepted_at', t.accepted_at)
  FROM tasker.submit_tasks(p_tasks) t ORDER BY t.ordinal;
  RETURN QUERY
  SELECT * FROM tasker.claim_steps(p_worker, p_schema_version, p_repeated, p_template_ids, p_tokens, p_lease_seconds);
END
$$;
