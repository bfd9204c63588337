-- What waits: when the first retry is due, or null; whether steps of these templates wait to be run alone; and, where p_above
-- is not null, the highest priority among their ready steps that have a higher one than that, null where none has.
--
-- Two looks at an index, whatever the backlog, and one more a template for the priority. What was ready before stays in that
-- index until it is vacuumed, and is stepped over; that only what is above p_above is looked at spares most of that to who
-- wants to know whether anything is more urgent.
--
-- For claim_steps, claim_step_alone, complete_steps and submit_and_claim, whose settings it runs under. Locks nothing.
CREATE FUNCTION tasker.queue_outlook(
  p_template_ids integer[],
  p_above smallint,
  OUT next_retry_at timestamptz,
  OUT alone boolean,
  OUT top_priority smallint
)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  SELECT (SELECT s.retry_at FROM tasker.steps s WHERE s.state = 3 ORDER BY s.retry_at LIMIT 1),
         EXISTS (SELECT FROM tasker.steps s WHERE s.state = 8 AND s.template_id = ANY (p_template_ids)),
         CASE WHEN p_above IS NOT NULL THEN (
           SELECT max(best.priority)
           FROM unnest(p_template_ids) AS t (id)
           CROSS JOIN LATERAL (
             SELECT s.priority FROM tasker.steps s
             WHERE s.state = 1 AND s.template_id = t.id AND s.priority > p_above
             ORDER BY s.priority DESC LIMIT 1
           ) best
         ) END
  INTO next_retry_at, alone, top_priority;
END
$$;

-- Whole milliseconds until then, none where it has passed; null where p_at is.
CREATE FUNCTION tasker.ms_until(p_at timestamptz, p_now timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_at IS NOT NULL THEN greatest(0, ceil(extract(epoch FROM p_at - p_now) * 1000))::double precision END
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
    'next_retry_ms', tasker.ms_until(p_next_retry_at, p_now),
    'more', p_more,
    'alone', p_alone,
    'schema_version', p_schema_version)
$$;
