-- How much work waits, as it was found a moment ago: one row, for whoever wants to know it cheaply (backpressure, metrics,
-- an autoscaler). The hot transactions do not count: a counter would make them wait for one another.
--
-- ready: steps that can be run now, counted to a limit and, where capped, no further. oldest_ready_at: since when the first
-- of them waits. took_ms: what finding it out cost.
CREATE TABLE tasker.queue_sample (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  sampled_at      timestamptz NOT NULL,
  ready           integer NOT NULL,
  capped          boolean NOT NULL,
  oldest_ready_at timestamptz,
  took_ms         double precision NOT NULL
) WITH (fillfactor = 10);

INSERT INTO tasker.queue_sample (sampled_at, ready, capped, took_ms) VALUES ('epoch', 0, false, 0);

-- The sample, taken anew if it is older than p_interval_ms, and than fifty times what taking it cost: however large the queue
-- is, looking at it takes at most a fiftieth of a connection, whoever asks how often. While another call takes it anew, the one
-- there is is answered.
--
-- p_limit   how far steps are counted
--
-- Locks: the sample's row, SKIP LOCKED. Reads the indexes of ready steps, and one place a template and priority.
CREATE FUNCTION tasker.sample_queue(p_limit integer, p_interval_ms integer)
RETURNS TABLE (sampled_at timestamptz, ready integer, capped boolean, oldest_ready_at timestamptz, age_ms double precision)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
  v_began timestamptz := clock_timestamp();
  v_ready integer;
  v_oldest timestamptz;
BEGIN
  PERFORM FROM tasker.queue_sample q
  WHERE abs(extract(epoch FROM v_now - q.sampled_at)) * 1000 >= greatest(p_interval_ms, 50 * q.took_ms)
  FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    SELECT count(*) INTO v_ready
    FROM (
      SELECT FROM tasker.templates t
      CROSS JOIN LATERAL (
        SELECT FROM tasker.steps s WHERE s.state = 1 AND s.template_id = t.template_id LIMIT p_limit + 1
      ) s
      LIMIT p_limit + 1
    ) counted;
    IF v_ready <= p_limit THEN
      SELECT v_ready + count(*) INTO v_ready
      FROM (SELECT FROM tasker.steps s WHERE s.state = 3 AND s.retry_at <= v_now LIMIT p_limit + 1 - v_ready) due;
    END IF;

    -- The first of each template and priority stands at a place of its own in the index.
    WITH RECURSIVE first AS (
      SELECT t.template_id, s.priority, s.queued_at
      FROM tasker.templates t
      CROSS JOIN LATERAL (
        SELECT s.priority, s.queued_at FROM tasker.steps s
        WHERE s.state = 1 AND s.template_id = t.template_id
        ORDER BY s.priority DESC, s.queued_at LIMIT 1
      ) s
      UNION ALL
      SELECT f.template_id, s.priority, s.queued_at
      FROM first f
      CROSS JOIN LATERAL (
        SELECT s.priority, s.queued_at FROM tasker.steps s
        WHERE s.state = 1 AND s.template_id = f.template_id AND s.priority < f.priority
        ORDER BY s.priority DESC, s.queued_at LIMIT 1
      ) s
    )
    SELECT min(f.queued_at) INTO v_oldest FROM first f;

    UPDATE tasker.queue_sample q
    SET sampled_at = v_now, ready = least(v_ready, p_limit), capped = v_ready > p_limit, oldest_ready_at = v_oldest,
        took_ms = extract(epoch FROM clock_timestamp() - v_began) * 1000;
  END IF;
  RETURN QUERY
  SELECT q.sampled_at, q.ready, q.capped, q.oldest_ready_at,
         coalesce(extract(epoch FROM v_now - q.oldest_ready_at) * 1000, 0)::double precision
  FROM tasker.queue_sample q;
END
$$;

-- How many steps can be run now, by the sample. For an autoscaler.
CREATE FUNCTION tasker.queue_depth() RETURNS integer
LANGUAGE sql STABLE
AS $$ SELECT q.ready FROM tasker.queue_sample q $$;

-- How many steps run now: those that a worker holds a lease on, run out or not. With queue_depth, what an autoscaler goes by.
-- Costs in proportion to its answer, which is at most the slots of all workers.
CREATE FUNCTION tasker.running_steps() RETURNS bigint
LANGUAGE sql STABLE
AS $$ SELECT count(*) FROM tasker.steps s WHERE s.state = 2 $$;

ALTER FUNCTION tasker.running_steps SET enable_seqscan = off;

ALTER FUNCTION tasker.sample_queue SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.sample_queue SET enable_seqscan = off;
ALTER FUNCTION tasker.sample_queue SET enable_hashjoin = off;
ALTER FUNCTION tasker.sample_queue SET enable_mergejoin = off;
ALTER FUNCTION tasker.sample_queue SET enable_bitmapscan = off;
ALTER FUNCTION tasker.sample_queue SET jit = off;
