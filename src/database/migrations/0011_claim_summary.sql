-- The last row of an answer to a claim: what the caller needs to know to wait no longer than it must. See claim_steps.
CREATE FUNCTION tasker.claim_summary(p_now timestamptz, p_template_ids integer[], p_more boolean)
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
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_retry_at timestamptz;
  v_alone boolean;
BEGIN
  SELECT s.retry_at INTO v_retry_at FROM tasker.steps s WHERE s.state = 3 ORDER BY s.retry_at LIMIT 1;
  v_alone := EXISTS (SELECT FROM tasker.steps s WHERE s.state = 8 AND s.template_id = ANY (p_template_ids));
  RETURN QUERY SELECT 'summary', NULL::uuid, NULL::smallint, NULL::uuid, NULL::integer, NULL::text, NULL::smallint,
    NULL::smallint, NULL::integer, NULL::uuid, NULL::json, NULL::json,
    json_build_object(
      'next_retry_ms', CASE WHEN v_retry_at IS NOT NULL THEN greatest(0, ceil(extract(epoch FROM v_retry_at - p_now) * 1000)) END,
      'more', p_more,
      'alone', v_alone,
      'schema_version', tasker.schema_version());
END
$$;

ALTER FUNCTION tasker.claim_summary SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.claim_summary SET enable_seqscan = off;
ALTER FUNCTION tasker.claim_summary SET enable_bitmapscan = off;
ALTER FUNCTION tasker.claim_summary SET jit = off;
