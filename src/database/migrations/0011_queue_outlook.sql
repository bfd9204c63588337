-- What waits besides ready steps: when the first retry is due, or null, and whether steps of these templates wait to be run
-- alone. Two looks at an index, whatever the backlog.
--
-- For claim_steps, claim_step_alone and complete_steps, whose settings it runs under. Locks nothing.
CREATE FUNCTION tasker.queue_outlook(p_template_ids integer[], OUT next_retry_at timestamptz, OUT alone boolean)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  SELECT (SELECT s.retry_at FROM tasker.steps s WHERE s.state = 3 ORDER BY s.retry_at LIMIT 1),
         EXISTS (SELECT FROM tasker.steps s WHERE s.state = 8 AND s.template_id = ANY (p_template_ids))
  INTO next_retry_at, alone;
END
$$;

-- The highest priority among the ready steps of these templates that have a higher one than p_above; null where none has.
--
-- A look at the index a template. What was ready before stays in it until it is vacuumed, and is stepped over; that only
-- what is above p_above is looked at spares most of that to who wants to know whether anything is more urgent.
CREATE FUNCTION tasker.ready_priority_above(p_template_ids integer[], p_above smallint) RETURNS smallint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT max(best.priority)
    FROM unnest(p_template_ids) AS t (id)
    CROSS JOIN LATERAL (
      SELECT s.priority FROM tasker.steps s
      WHERE s.state = 1 AND s.template_id = t.id AND s.priority > p_above
      ORDER BY s.priority DESC LIMIT 1
    ) best);
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
