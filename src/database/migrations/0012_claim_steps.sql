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
--   claim    a step to run: its place, token, attempt number, context, and its direct parents' results by name
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
  v_shares integer[];
  v_seen integer := 0;
  v_taken integer;
  v_count integer := 0;
BEGIN
  IF v_limit > 0 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_tokens[1]::text, 0));
  END IF;
  v_now := tasker.current_time();

  IF p_repeated THEN
    RETURN QUERY SELECT * FROM tasker.claims_held(p_worker, p_tokens, p_lease_seconds);
    GET DIAGNOSTICS v_count = ROW_COUNT;
  END IF;

  IF v_count = 0 AND v_limit > 0 AND p_schema_version >= tasker.schema_version() THEN
    UPDATE tasker.steps s
    SET state = CASE WHEN s.lost_count >= 2 THEN 8 ELSE 1 END, queued_at = s.retry_at, retry_at = NULL
    FROM (
      SELECT r.task_uuid, r.step_index
      FROM tasker.steps r
      WHERE r.state = 3 AND r.retry_at <= v_now
      ORDER BY r.retry_at
      LIMIT 1000
      FOR UPDATE SKIP LOCKED
    ) due
    WHERE s.task_uuid = ANY (ARRAY[due.task_uuid]) AND s.step_index = due.step_index;

    -- How many of the best v_limit candidates lie in which template. Taking v_limit rows of each template under lock and
    -- then choosing would lock rows that are not taken.
    IF cardinality(p_template_ids) = 1 THEN
      v_shares := ARRAY[v_limit];
    ELSE
      SELECT array_agg(share ORDER BY n) INTO v_shares
      FROM (
        SELECT t.n, count(best.n)::integer AS share
        FROM unnest(p_template_ids) WITH ORDINALITY AS t (id, n)
        LEFT JOIN (
          SELECT t.n
          FROM unnest(p_template_ids) WITH ORDINALITY AS t (id, n)
          CROSS JOIN LATERAL (
            SELECT s.priority, s.queued_at, s.task_uuid, s.step_index
            FROM tasker.steps s
            WHERE s.state = 1 AND s.template_id = t.id
            ORDER BY s.priority DESC, s.queued_at, s.task_uuid, s.step_index
            LIMIT v_limit
          ) c
          ORDER BY c.priority DESC, c.queued_at, c.task_uuid, c.step_index
          LIMIT v_limit
        ) best ON best.n = t.n
        GROUP BY t.n
      ) shares;
      SELECT coalesce(sum(share), 0) INTO v_seen FROM unnest(v_shares) AS t (share);
    END IF;

    -- Twice, where others hold some of the best candidates: what is left of the limit may come from any template then.
    FOR pass IN 1 .. 2 LOOP
      RETURN QUERY
      WITH candidate AS MATERIALIZED (
        SELECT c.task_uuid, c.step_index, v_count + row_number() OVER () AS n
        FROM (
          SELECT c.task_uuid, c.step_index
          FROM unnest(p_template_ids, v_shares) AS t (id, share)
          CROSS JOIN LATERAL (
            SELECT s.task_uuid, s.step_index
            FROM tasker.steps s
            WHERE s.state = 1 AND s.template_id = t.id
            ORDER BY s.priority DESC, s.queued_at, s.task_uuid, s.step_index
            LIMIT t.share
            FOR UPDATE SKIP LOCKED
          ) c
          LIMIT v_limit - v_count
        ) c
      ), taken AS (
        UPDATE tasker.steps s
        SET state = 2,
            attempts = s.attempts + 1,
            attempt_token = p_tokens[c.n],
            worker_id = p_worker,
            -- The step may have become ready after v_now was read.
            started_at = greatest(v_now, s.queued_at),
            lease_until = v_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds)),
            queued_at = NULL
        FROM candidate c
        WHERE s.task_uuid = ANY (ARRAY[c.task_uuid]) AND s.step_index = c.step_index
        RETURNING s.*
      )
      SELECT 'claim', s.task_uuid, s.step_index, s.attempt_token, s.template_id, s.name, s.attempts, s.lost_count,
             coalesce(s.lease_seconds, p_lease_seconds),
             t.correlation_id, t.context,
             (SELECT json_object_agg(p.name, p.result)
              FROM tasker.steps p
              WHERE p.task_uuid = s.task_uuid AND p.step_index = ANY (s.dependencies) AND p.state IN (4, 7)),
             NULL::json
      FROM taken s JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid]);
      GET DIAGNOSTICS v_taken = ROW_COUNT;
      v_count := v_count + v_taken;
      EXIT WHEN v_count >= v_seen;
      v_shares := array_fill(v_limit - v_count, ARRAY[cardinality(p_template_ids)]);
    END LOOP;
  END IF;

  RETURN QUERY SELECT * FROM tasker.claim_summary(v_now, p_template_ids, v_limit > 0 AND v_count >= v_limit);
END
$$;

ALTER FUNCTION tasker.claim_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.claim_steps SET enable_seqscan = off;
ALTER FUNCTION tasker.claim_steps SET enable_hashjoin = off;
ALTER FUNCTION tasker.claim_steps SET enable_mergejoin = off;
ALTER FUNCTION tasker.claim_steps SET enable_bitmapscan = off;
ALTER FUNCTION tasker.claim_steps SET jit = off;
