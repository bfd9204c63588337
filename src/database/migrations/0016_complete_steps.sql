-- Records how attempts ended, makes their dependants ready, finishes tasks, and gives the caller its next work, all in
-- one transaction.
--
-- p_worker, p_schema_version, p_repeated, p_template_ids, p_claim_tokens, p_lease_seconds: as in claim_steps
-- p_task_uuids, p_step_indexes, p_tokens, p_succeeded: one entry an ended attempt
-- p_reports  a JSON array with an entry an attempt:
--              of one that succeeded, its result, any JSON value
--              of one that failed, {"error": object to keep, "retry": {"retryable": bool, "max_attempts": int,
--              "backoff": text, "base_ms": int, "cap_ms": int, "jitter": bool, "after_ms": int or null}}, where after_ms
--              is what the handler asked for and wins, uncapped
-- p_metadata null, or a JSON array with an entry an attempt: an object to keep beside the result, or null
-- p_events   null, or a JSON array with an entry an attempt: [{"name": text, "payload": any}, ...] or null. The events of
--            recorded attempts go to the outbox in the same transaction, see publish_events
-- p_brief    whether the caller still has the contexts of these attempts: a dependant whose every parent succeeded by this
--            very call is then answered by places alone. Context, correlation id and lease are its parents', its inputs are
--            their results as the caller sent them, and it is at its first attempt
-- p_awaited  null, or tasks that somebody waits for: those of them that settle are answered as they then stand
-- p_seek     whether ready steps of other tasks may wait: where the caller knows of none since a look that left none behind, tokens
--            that remain look for something only where this call itself has seen or left some. To see that nothing waits costs the more, the more was ready since the last vacuum
--
-- An attempt is recorded only if its token still holds the step; any other changes nothing and is answered:
--   refused   the token no longer holds the step; detail: {"state": the step's state, or null where there is none}
--   repeated  this very attempt has been recorded before (a lost answer)
-- Recorded ones have no row. Then rows of kind "settled", one an awaited task that ended or became blocked: task_uuid, and in detail
-- what read_task says of it. Then claims and summary as in claim_steps; the summary's detail has besides:
--   settled         an array of the tasks that ended or became blocked; null or empty where none did
--   blocked         those of them that became blocked; null where none did
--   released        how many steps became ready and were not handed over
--   handed_parents, handed_indexes, handed_tokens  of the dependants that p_brief tells of, or null: the place of one of the
--                   parents among the attempts, the step's index, the place of its token in p_claim_tokens; places from 1
-- Newly ready dependants are handed to the caller first, if it serves them, has a token left, and no ready step has a higher
-- priority. With the tokens that remain it takes others, if it seeks; where none remains nobody looks for others, and "more" in the
-- summary is null unless the call itself has left some behind.
--
-- Locks: the tasks, ordered; then their steps; with events, the outbox; then as claim_steps.
CREATE FUNCTION tasker.complete_steps(
  p_worker integer,
  p_schema_version integer,
  p_repeated boolean,
  p_task_uuids uuid[],
  p_step_indexes smallint[],
  p_tokens uuid[],
  p_succeeded boolean[],
  p_reports json,
  p_metadata json,
  p_template_ids integer[],
  p_claim_tokens uuid[],
  p_lease_seconds integer,
  p_events json DEFAULT NULL,
  p_brief boolean DEFAULT false,
  p_awaited uuid[] DEFAULT NULL,
  p_seek boolean DEFAULT true
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
  v_void text;  -- an assignment costs a tenth of a PERFORM
  v_lowest_priority smallint;
  v_top_priority smallint;
  v_any_failed boolean;
  v_outlook record;
  v_done record;
  v_token uuid;
  v_brief boolean;
  v_recorded bigint[];
  v_settled uuid[];
  v_stopped uuid[];
  v_blocked uuid[];
  v_sunk uuid[];
  v_met_tasks uuid[];
  v_met_indexes smallint[];
  v_met_counts smallint[];
  v_met_parents bigint[];
  v_met_tokens uuid[];
  v_mine integer;
  v_handed_tasks uuid[];
  v_handed_indexes smallint[];
  v_handed_places bigint[];
  v_handed integer := 0;
  v_last_place integer;
  v_brief_parents bigint[];
  v_brief_indexes smallint[];
  v_brief_places bigint[];
  v_share bigint;
  v_released integer := 0;
  v_retries_due boolean := false;
  v_taken integer := 0;
  v_more boolean;
BEGIN
  IF cardinality(p_claim_tokens) > 0 THEN
    v_void := pg_advisory_xact_lock(hashtextextended(p_claim_tokens[1]::text, 0));
  END IF;

  -- Of a caller's own transaction: if the caller stops before it commits, its locks must not be held for ever.
  v_void := set_config('idle_in_transaction_session_timeout', '15s', true);

  SELECT bool_or(t.failed_steps > 0), min(t.priority) INTO v_any_failed, v_lowest_priority
  FROM (
    SELECT k.failed_steps, k.priority FROM tasker.tasks k WHERE k.task_uuid = ANY (p_task_uuids) ORDER BY k.task_uuid
    FOR NO KEY UPDATE
  ) t;
  v_now := tasker.current_time();

  IF p_schema_version < tasker.schema_version() THEN
    p_claim_tokens := '{}';
  END IF;
  v_outlook := tasker.queue_outlook(p_template_ids, v_lowest_priority);
  v_top_priority := v_outlook.top_priority;
  IF v_outlook.next_retry_at <= v_now AND cardinality(p_claim_tokens) > 0 THEN
    -- A retry that is due is ready, though it only becomes so by the next claim.
    SELECT greatest(v_top_priority, max(due.priority)) INTO v_top_priority
    FROM (
      SELECT s.priority, s.template_id FROM tasker.steps s
      WHERE s.state = 3 AND s.retry_at <= v_now
      ORDER BY s.retry_at LIMIT 1000
    ) due
    WHERE due.template_id = ANY (p_template_ids);
  END IF;
  v_top_priority := coalesce(v_top_priority, -32768);

  IF cardinality(p_tokens) = 1 AND p_succeeded[1] THEN
    -- Of a single attempt the same by statements that cost half to start: a task that runs alone is made of such calls.
    UPDATE tasker.steps s
    SET state = 4, result = p_reports -> 0, lease_until = NULL, finished_at = v_now
    WHERE s.task_uuid = p_task_uuids[1] AND s.step_index = p_step_indexes[1] AND s.attempt_token = p_tokens[1]
      AND s.state + 0 = 2
    RETURNING s.attempts, s.started_at, s.dependents, s.template_id, s.priority INTO v_done;
    IF FOUND THEN
      INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, metadata)
      VALUES (p_task_uuids[1], v_now, v_done.started_at, p_worker, p_step_indexes[1], 1, v_done.attempts,
              CASE WHEN json_typeof(p_metadata -> 0) = 'object' THEN p_metadata -> 0 END);
      v_recorded := '{1}';
      IF v_done.dependents = '{}' THEN
        v_sunk := p_task_uuids;
      ELSE
        v_met_indexes := v_done.dependents;
        v_met_tasks := array_fill(p_task_uuids[1], ARRAY[cardinality(v_met_indexes)]);
        v_met_counts := array_fill(1, ARRAY[cardinality(v_met_indexes)]);
        v_met_parents := array_fill(1, ARRAY[cardinality(v_met_indexes)]);
        v_mine := CASE WHEN v_done.priority >= v_top_priority AND v_done.template_id = ANY (p_template_ids)
          THEN cardinality(v_met_indexes) ELSE 0 END;
        v_token := CASE WHEN v_mine = 1 THEN p_claim_tokens[1] END;
      END IF;
      IF v_token IS NOT NULL THEN
        -- Its only dependant, which becomes the caller's; where it does not, because it waits for others, all stays as it is.
        UPDATE tasker.steps s
        SET remaining_dependencies = 0, state = 2, attempt_token = v_token, attempts = 1, worker_id = p_worker,
            started_at = v_now, lease_until = v_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds))
        WHERE s.task_uuid = p_task_uuids[1] AND s.step_index = v_met_indexes[1] AND s.state + 0 = 0
          AND s.remaining_dependencies = 1
        RETURNING p_brief AND cardinality(s.dependencies) = 1 AND s.lost_count = 0 INTO v_brief;
        IF FOUND THEN
          v_handed := 1;
          v_last_place := 1;
          v_handed_places := '{1}';
          IF v_brief THEN
            v_brief_parents := '{1}';
            v_brief_indexes := v_met_indexes;
            v_brief_places := '{1}';
          ELSE
            v_handed_tasks := p_task_uuids;
            v_handed_indexes := v_met_indexes;
          END IF;
          v_met_tasks := NULL;
        END IF;
      END IF;
    END IF;
  ELSE
    WITH item AS MATERIALIZED (
      SELECT *
      FROM ROWS FROM (
        unnest(p_task_uuids, p_step_indexes, p_tokens, p_succeeded),
        json_array_elements(p_reports),
        json_array_elements(p_metadata)
      ) WITH ORDINALITY AS i (task_uuid, step_index, token, succeeded, report, metadata, n)
    ), done AS (
      UPDATE tasker.steps s
      SET state = 4, result = i.report, lease_until = NULL, finished_at = v_now
      FROM item i
      WHERE i.succeeded AND s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = i.step_index
        AND s.attempt_token = i.token AND s.state + 0 = 2
      RETURNING s.task_uuid, s.step_index, s.attempts, s.started_at, s.dependents, s.template_id, s.priority, i.metadata, i.n
    ), event AS (
      INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, metadata)
      SELECT d.task_uuid, v_now, d.started_at, p_worker, d.step_index, 1, d.attempts,
             CASE WHEN json_typeof(d.metadata) = 'object' THEN d.metadata END
      FROM done d
    )
    SELECT (SELECT array_agg(d.n) FROM done d),
           (SELECT array_agg(d.task_uuid) FROM done d WHERE d.dependents = '{}'),
           array_agg(m.task_uuid), array_agg(m.step_index), array_agg(m.count), array_agg(m.parent),
           count(*) FILTER (WHERE m.mine)
    INTO v_recorded, v_sunk, v_met_tasks, v_met_indexes, v_met_counts, v_met_parents, v_mine
    FROM (
      SELECT d.task_uuid, x.step_index, count(*)::smallint AS count, min(d.n) AS parent,
             max(d.priority) >= v_top_priority AND max(d.template_id) = ANY (p_template_ids) AS mine
      FROM done d CROSS JOIN LATERAL unnest(d.dependents) AS x (step_index)
      GROUP BY d.task_uuid, x.step_index
      ORDER BY mine DESC, max(d.priority) DESC, d.task_uuid, x.step_index
    ) m;
  END IF;

  IF v_met_tasks IS NOT NULL THEN
    -- A token for each that may become the caller's, the best first; of one that does not become ready, it goes to another
    -- step below. The tasks are locked, so remaining_dependencies is as it is read here.
    v_met_tokens := p_claim_tokens[:v_mine];
    WITH unlocked AS (
      UPDATE tasker.steps s
      SET remaining_dependencies = s.remaining_dependencies - m.count,
          state = CASE WHEN s.remaining_dependencies > m.count THEN 0 WHEN m.token IS NULL THEN 1 ELSE 2 END,
          queued_at = CASE WHEN s.remaining_dependencies = m.count AND m.token IS NULL THEN v_now END,
          attempt_token = CASE WHEN s.remaining_dependencies = m.count THEN m.token END,
          attempts = CASE WHEN s.remaining_dependencies = m.count AND m.token IS NOT NULL THEN 1 ELSE 0 END,
          worker_id = CASE WHEN s.remaining_dependencies = m.count AND m.token IS NOT NULL THEN p_worker END,
          started_at = CASE WHEN s.remaining_dependencies = m.count AND m.token IS NOT NULL THEN v_now END,
          lease_until = CASE WHEN s.remaining_dependencies = m.count AND m.token IS NOT NULL
            THEN v_now + make_interval(secs => coalesce(s.lease_seconds, p_lease_seconds)) END
      FROM unnest(v_met_tasks, v_met_indexes, v_met_counts, v_met_parents, v_met_tokens)
        WITH ORDINALITY AS m (task_uuid, step_index, count, parent, token, place)
      WHERE s.task_uuid = ANY (ARRAY[m.task_uuid]) AND s.step_index = m.step_index AND s.state + 0 = 0
      RETURNING s.task_uuid, s.step_index, s.state, m.parent, m.place,
                p_brief AND m.count = cardinality(s.dependencies) AND s.lost_count = 0 AS brief
    )
    SELECT count(*) FILTER (WHERE u.state = 2), max(u.place) FILTER (WHERE u.state = 2),
           array_agg(u.place) FILTER (WHERE u.state = 2),
           array_agg(u.task_uuid) FILTER (WHERE u.state = 2 AND NOT u.brief),
           array_agg(u.step_index) FILTER (WHERE u.state = 2 AND NOT u.brief),
           array_agg(u.parent) FILTER (WHERE u.state = 2 AND u.brief),
           array_agg(u.step_index) FILTER (WHERE u.state = 2 AND u.brief),
           array_agg(u.place) FILTER (WHERE u.state = 2 AND u.brief),
           count(*) FILTER (WHERE u.state = 1)
    INTO v_handed, v_last_place, v_handed_places, v_handed_tasks, v_handed_indexes, v_brief_parents, v_brief_indexes,
         v_brief_places, v_released
    FROM unlocked u;
  END IF;

  IF v_sunk IS NOT NULL THEN
    WITH sunk AS (
      UPDATE tasker.tasks t
      SET open_sinks = t.open_sinks - c.count,
          status = CASE WHEN t.open_sinks = c.count THEN 2 ELSE t.status END,
          finished_at = CASE WHEN t.open_sinks = c.count THEN v_now END,
          updated_at = v_now
      FROM (SELECT k.task_uuid, count(*) AS count FROM unnest(v_sunk) AS k (task_uuid) GROUP BY 1) c
      WHERE t.task_uuid = ANY (ARRAY[c.task_uuid])
      RETURNING t.task_uuid, t.status
    ), event AS (
      INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status)
      SELECT k.task_uuid, v_now, 9, 2 FROM sunk k WHERE k.status = 2
    )
    SELECT array_agg(k.task_uuid) INTO v_settled FROM sunk k WHERE k.status = 2;
  END IF;

  IF false = ANY (p_succeeded) THEN
    v_recorded := v_recorded
      || tasker.record_failures(v_now, p_worker, p_task_uuids, p_step_indexes, p_tokens, p_succeeded, p_reports);
    v_any_failed := true;
  END IF;
  IF v_any_failed THEN
    v_stopped := tasker.settle_tasks(p_task_uuids);
    v_settled := v_settled || v_stopped;
    IF v_stopped <> '{}' THEN
      SELECT array_agg(t.task_uuid) INTO v_blocked
      FROM tasker.tasks t WHERE t.task_uuid = ANY (v_stopped) AND t.status + 0 = 1;
    END IF;
  END IF;

  IF p_events IS NOT NULL AND v_recorded IS NOT NULL THEN
    PERFORM tasker.publish_events(v_now, p_task_uuids, p_step_indexes, v_recorded, p_events);
  END IF;

  IF coalesce(cardinality(v_recorded), 0) < cardinality(p_tokens) THEN
    RETURN QUERY
    SELECT CASE WHEN s.attempt_token = i.token AND s.state + 0 IN (1, 3, 4, 5, 8) THEN 'repeated' ELSE 'refused' END,
           i.task_uuid, i.step_index, i.token, NULL::integer, NULL::text, NULL::smallint, NULL::smallint, NULL::integer, NULL::uuid,
           NULL::json, NULL::json, json_build_object('state', s.state)
    FROM unnest(p_task_uuids, p_step_indexes, p_tokens) WITH ORDINALITY AS i (task_uuid, step_index, token, n)
    LEFT JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[i.task_uuid]) AND s.step_index = i.step_index
    WHERE v_recorded IS NULL OR i.n <> ALL (v_recorded);
  END IF;

  IF v_settled && p_awaited THEN
    RETURN QUERY
    SELECT 'settled', t.task_uuid, NULL::smallint, NULL::uuid, NULL::integer, NULL::text, NULL::smallint, NULL::smallint,
           NULL::integer, NULL::uuid, NULL::json, NULL::json, tasker.read_task(t.task_uuid)
    FROM unnest(v_settled) AS t (task_uuid) WHERE t.task_uuid = ANY (p_awaited);
  END IF;

  -- A statement of its own, because the first does not see the results that it has written.
  IF v_handed_tasks IS NOT NULL THEN
    v_share := tasker.input_share(cardinality(v_handed_tasks));
    RETURN QUERY
    SELECT 'claim', s.task_uuid, s.step_index, s.attempt_token, s.template_id, s.name, s.attempts, s.lost_count,
           coalesce(s.lease_seconds, p_lease_seconds),
           t.correlation_id,
           CASE WHEN tasker.json_bytes(t.context) <= v_share THEN t.context END,
           CASE WHEN s.dependencies <> '{}' THEN (
             -- Results over their share are left out, not built: read_step_input gives them.
             SELECT CASE
               WHEN bool_or(tasker.json_bytes(p.result) > v_share / cardinality(s.dependencies)) THEN '"deferred"'
               ELSE json_object_agg(p.name, p.result)
                 FILTER (WHERE tasker.json_bytes(p.result) <= v_share / cardinality(s.dependencies))
             END
             FROM tasker.steps p
             WHERE p.task_uuid = s.task_uuid AND p.step_index = ANY (s.dependencies) AND p.state = 4
           ) END,
           NULL::json
    FROM unnest(v_handed_tasks, v_handed_indexes) AS h (task_uuid, step_index)
    JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[h.task_uuid]) AND s.step_index = h.step_index
    JOIN tasker.tasks t ON t.task_uuid = ANY (ARRAY[s.task_uuid]);
  END IF;

  IF v_last_place > v_handed THEN
    -- Tokens of steps that did not become ready lie between those that were given.
    p_claim_tokens := ARRAY(
      SELECT t.token FROM unnest(p_claim_tokens) WITH ORDINALITY AS t (token, place)
      WHERE t.place <> ALL (v_handed_places));
  ELSE
    p_claim_tokens := p_claim_tokens[v_handed + 1:];
  END IF;
  v_more := CASE WHEN v_released > 0 THEN true END;
  IF p_repeated THEN
    RETURN QUERY SELECT * FROM tasker.claims_held(p_worker, p_claim_tokens, p_lease_seconds);
    GET DIAGNOSTICS v_taken = ROW_COUNT;
  END IF;
  IF v_taken = 0 AND cardinality(p_claim_tokens) > 0 AND (p_seek OR v_released > 0 OR v_outlook.top_priority IS NOT NULL) THEN
    v_retries_due := coalesce(v_outlook.next_retry_at <= v_now, false);
    RETURN QUERY SELECT * FROM tasker.take_ready_steps(
      v_now, p_worker, p_template_ids, p_claim_tokens, p_lease_seconds, v_retries_due);
    GET DIAGNOSTICS v_taken = ROW_COUNT;
    v_more := v_taken >= cardinality(p_claim_tokens);
  END IF;
  IF v_retries_due OR v_any_failed THEN
    v_outlook := tasker.queue_outlook(p_template_ids, (-32768)::smallint);
    -- A retry without a delay is ready already.
    v_more := coalesce(v_more, v_outlook.top_priority IS NOT NULL);
  END IF;

  kind := 'summary';
  detail := json_build_object(
    'next_retry_ms', tasker.ms_until(v_outlook.next_retry_at, v_now),
    'more', v_more,
    'alone', v_outlook.alone,
    'schema_version', tasker.schema_version(),
    'settled', v_settled,
    'blocked', v_blocked,
    'released', v_released,
    'handed_parents', v_brief_parents,
    'handed_indexes', v_brief_indexes,
    'handed_tokens', v_brief_places);
  RETURN NEXT;
END
$$;

ALTER FUNCTION tasker.complete_steps SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.complete_steps SET enable_seqscan = off;
ALTER FUNCTION tasker.complete_steps SET enable_hashjoin = off;
ALTER FUNCTION tasker.complete_steps SET enable_mergejoin = off;
ALTER FUNCTION tasker.complete_steps SET enable_bitmapscan = off;
ALTER FUNCTION tasker.complete_steps SET jit = off;
-- Whoever holds what is waited for may be stopped: give up, and let the caller try again, rather than wait in the dark.
ALTER FUNCTION tasker.complete_steps SET lock_timeout = '5s';
