-- Gives ready steps to a worker, at most one a token: what claim_steps and complete_steps have in common, run under their
-- settings. Retries that have come due become ready first, if p_retries_due says that there are any.
--
-- Answers with the claims, as claim_steps does. Locks: step rows, SKIP LOCKED.
CREATE FUNCTION tasker.take_ready_steps(
  p_now timestamptz,
  p_worker integer,
  p_template_ids integer[],
  p_tokens uuid[],
  p_lease_seconds integer,
  p_retries_due boolean
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
  v_limit integer := cardinality(p_tokens);
  v_shares integer[];
  v_seen integer := 0;
  v_taken integer;
  v_count integer := 0;
BEGIN
  IF p_retries_due THEN
    UPDATE tasker.steps s
    SET state = CASE WHEN s.lost_count >= 2 THEN 8 ELSE 1 END, queued_at = s.retry_at, retry_at = NULL
    FROM (
      SELECT r.task_uuid, r.step_index
      FROM tasker.steps r
      WHERE r.state = 3 AND r.retry_at <= p_now
      ORDER BY r.retry_at
      LIMIT 1000
      FOR UPDATE SKIP LOCKED
    ) due
    WHERE s.task_uuid = ANY (ARRAY[due.task_uuid]) AND s.step_index = due.step_index;
  END IF;

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
          -- The step may have become ready after p_now was read.
          started_at = greatest(p_now, s.queued_at),
          lease_until = p_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds)),
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
END
$$;
