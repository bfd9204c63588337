-- Gives ready steps to a worker, each with a lease and one of the caller's attempt tokens.
--
-- p_worker          from register_worker
-- p_schema_version  the newest schema that the caller knows; from a newer one it gets nothing
-- p_repeated        true when this very call may have committed before (its answer was lost)
-- p_template_ids    the templates whose every step the caller can run
-- p_tokens          one random uuid a free slot, never used in another call; their number is the limit
-- p_lease_seconds   the lease of steps whose task does not say otherwise
--
-- Order: priority, then the time at which the step became ready, then uuid; best effort where others claim too. Retries
-- that have come due become ready first. A step whose attempts were lost with their workers twice is not given here
-- but by claim_step_alone.
--
-- Answers with rows of kind
--   claim    a step to run: its place, token, attempt number, context, and its direct parents' results by name, without
--            parents that were resolved by hand (a parent whose result is JSON's null is there); null if none has a result.
--            What is larger than its share of the answer (see input_share) is left out: context is null then, inputs are the
--            JSON text "deferred"; read_step_input gives both
--   summary  one row, last; detail: {"next_retry_ms": until the next retry is due, or null; "more": whether ready steps
--            were probably left; "alone": whether steps wait to be run alone; "schema_version"}
--
-- Locks: step rows, SKIP LOCKED; an advisory lock on the first token, so that a repeat waits for its original.
CREATE FUNCTION tasker.claim_steps(
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
DECLARE
  v_now timestamptz;
  v_limit integer := cardinality(p_tokens);
  v_count integer := 0;
  v_outlook record;
  v_retries_due boolean;
BEGIN
  IF v_limit > 0 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_tokens[1]::text, 0));
  END IF;
  v_now := tasker.current_time();

  IF p_repeated THEN
    RETURN QUERY SELECT * FROM tasker.claims_held(p_worker, p_tokens, p_lease_seconds);
    GET DIAGNOSTICS v_count = ROW_COUNT;
  END IF;

  v_outlook := tasker.queue_outlook(p_template_ids, NULL);
  IF v_count = 0 AND v_limit > 0 AND p_schema_version >= tasker.schema_version() THEN
    v_retries_due := coalesce(v_outlook.next_retry_at <= v_now, false);
    RETURN QUERY SELECT * FROM tasker.take_ready_steps(
      v_now, p_worker, p_template_ids, p_tokens, p_lease_seconds, v_retries_due);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_retries_due THEN
      v_outlook := tasker.queue_outlook(p_template_ids, NULL);
    END IF;
  END IF;

  kind := 'summary';
  detail := tasker.claim_summary(
    v_now, v_outlook.next_retry_at, v_outlook.alone, v_limit > 0 AND v_count >= v_limit, tasker.schema_version());
  RETURN NEXT;
END
$$;

ALTER FUNCTION tasker.claim_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.claim_steps SET enable_seqscan = off;
ALTER FUNCTION tasker.claim_steps SET enable_hashjoin = off;
ALTER FUNCTION tasker.claim_steps SET enable_mergejoin = off;
ALTER FUNCTION tasker.claim_steps SET enable_bitmapscan = off;
ALTER FUNCTION tasker.claim_steps SET jit = off;
