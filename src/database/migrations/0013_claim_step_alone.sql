-- Gives one step that is to be run alone: its attempts were lost with their workers, and it may be what killed them. The
-- caller starts it only when nothing else runs in its process, and keeps its lease until then.
--
-- Arguments, answer and locks as claim_steps, for one token. A call that is repeated with its token gives the step that
-- the token holds, and no other.
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
  v_now timestamptz;
  v_outlook record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_token::text, 0));
  v_now := tasker.current_time();

  IF p_schema_version >= tasker.schema_version()
    AND NOT EXISTS (SELECT FROM tasker.claims_held(p_worker, ARRAY[p_token], p_lease_seconds)) THEN
    UPDATE tasker.steps s
    SET state = 2,
        attempts = s.attempts + 1,
        attempt_token = p_token,
        worker_id = p_worker,
        started_at = greatest(v_now, s.queued_at),
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
    WHERE s.task_uuid = ANY (ARRAY[one.task_uuid]) AND s.step_index = one.step_index;
  END IF;
  RETURN QUERY SELECT * FROM tasker.claims_held(p_worker, ARRAY[p_token], p_lease_seconds);
  v_outlook := tasker.queue_outlook(p_template_ids, NULL);
  kind := 'summary';
  detail := tasker.claim_summary(v_now, v_outlook.next_retry_at, v_outlook.alone, true, tasker.schema_version());
  RETURN NEXT;
END
$$;

ALTER FUNCTION tasker.claim_step_alone SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.claim_step_alone SET enable_seqscan = off;
ALTER FUNCTION tasker.claim_step_alone SET enable_hashjoin = off;
ALTER FUNCTION tasker.claim_step_alone SET enable_mergejoin = off;
ALTER FUNCTION tasker.claim_step_alone SET enable_bitmapscan = off;
ALTER FUNCTION tasker.claim_step_alone SET jit = off;
