-- Gives one step that is to be run alone: its attempts were lost with their workers, and it may be what killed them. The
-- caller starts it only when nothing else runs in its process, and keeps its lease until then.
--
-- Arguments, answer and locks as claim_steps, for one token.
CREATE FUNCTION tasker.claim_step_alone(
  p_worker integer,
  p_schema_version integer,
  p_template_ids integer[],
  p_token uuid,
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
DECLARE
  v_now timestamptz := tasker.current_time();
BEGIN
  IF p_schema_version >= tasker.schema_version() THEN
    UPDATE tasker.steps s
    SET state = 2,
        attempts = s.attempts + 1,
        attempt_token = p_token,
        worker_id = p_worker,
        started_at = v_now,
        lease_until = v_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds)),
        queued_at = NULL
    FROM (
      SELECT c.task_uuid, c.step_index
      FROM tasker.steps c
      WHERE c.state = 8 AND c.template_id = ANY (p_template_ids)
      ORDER BY c.queued_at
      LIMIT 1
      FOR UPDATE SKIP LOCKED
    ) one
    WHERE s.task_uuid = one.task_uuid AND s.step_index = one.step_index;
  END IF;
  RETURN QUERY SELECT * FROM tasker.claims_held(p_worker, ARRAY[p_token]);
  RETURN QUERY SELECT * FROM tasker.claim_summary(v_now, p_template_ids, true);
END
$$;
