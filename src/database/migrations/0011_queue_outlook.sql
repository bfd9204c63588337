-- What waits to be claimed: when the first retry is due, whether steps of these templates wait to be run alone, and, of those
-- of their ready steps that have a higher priority than p_above (of all where it is null), the highest one, and the
-- templates that have any. Null where there is none.
--
-- A look at an index each, whatever the backlog. But what was ready before stays in the index until it is vacuumed, and is
-- stepped over; p_above spares that to who only needs to know whether something is more urgent.
--
-- For claim_steps, claim_step_alone and complete_steps, whose settings it runs under. Locks nothing.
CREATE FUNCTION tasker.queue_outlook(
  p_template_ids integer[],
  p_above smallint,
  OUT next_retry_at timestamptz,
  OUT alone boolean,
  OUT top_priority smallint,
  OUT ready_template_ids integer[]
)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  SELECT (SELECT s.retry_at FROM tasker.steps s WHERE s.state = 3 ORDER BY s.retry_at LIMIT 1),
         EXISTS (SELECT FROM tasker.steps s WHERE s.state = 8 AND s.template_id = ANY (p_template_ids)),
         max(best.priority), array_agg(t.id)
  INTO next_retry_at, alone, top_priority, ready_template_ids
  FROM unnest(p_template_ids) AS t (id)
  CROSS JOIN LATERAL (
    SELECT s.priority FROM tasker.steps s
    WHERE s.state = 1 AND s.template_id = t.id AND s.priority > coalesce(p_above, -32768)
    ORDER BY s.priority DESC LIMIT 1
  ) best;
END
$$;

-- The detail of the summary with which every answer to a claim ends, see claim_steps. The caller says the schema's version,
-- so that its own plan is made anew when that changes: of a function that is called in here, plans know nothing.
CREATE FUNCTION tasker.claim_summary(
  p_now timestamptz,
  p_next_retry_at timestamptz,
  p_alone boolean,
  p_more boolean,
  p_schema_version integer
) RETURNS json
LANGUAGE sql STABLE
AS $$
  SELECT json_build_object(
    'next_retry_ms', CASE WHEN p_next_retry_at IS NOT NULL
      THEN greatest(0, ceil(extract(epoch FROM p_next_retry_at - p_now) * 1000)) END,
    'more', p_more,
    'alone', p_alone,
    'schema_version', p_schema_version)
$$;
