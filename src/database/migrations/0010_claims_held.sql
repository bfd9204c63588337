-- The steps in progress that a worker holds under any of the given tokens, as claim_steps answered or would have
-- answered. For a caller that lost an answer; reads the running steps of all workers, which are few.
CREATE FUNCTION tasker.claims_held(p_worker integer, p_tokens uuid[], p_lease_seconds integer)
RETURNS TABLE (
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
LANGUAGE sql STABLE
AS $$
  SELECT 'claim', s.task_uuid, s.step_index, s.attempt_token, s.template_id, s.name, s.attempts, s.lost_count,
         coalesce(s.lease_seconds, p_lease_seconds), t.correlation_id,
         CASE WHEN tasker.json_bytes(t.context) <= h.share THEN t.context END,
         CASE WHEN s.dependencies <> '{}' THEN (
           -- Results over their share are left out, not built: read_step_input gives them.
           SELECT CASE
             WHEN bool_or(tasker.json_bytes(p.result) > h.share / cardinality(s.dependencies)) THEN '"deferred"'
             ELSE json_object_agg(p.name, p.result)
               FILTER (WHERE tasker.json_bytes(p.result) <= h.share / cardinality(s.dependencies))
           END
           FROM tasker.steps p
           WHERE p.task_uuid = s.task_uuid AND p.step_index = ANY (s.dependencies) AND p.state = 4
         ) END,
         NULL::json
  FROM tasker.steps s JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid])
  CROSS JOIN (SELECT tasker.input_share(cardinality(p_tokens)) AS share) h
  WHERE s.state = 2 AND s.worker_id = p_worker AND s.attempt_token = ANY (p_tokens)
$$;
