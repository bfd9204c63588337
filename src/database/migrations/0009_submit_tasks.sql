-- Accepts tasks: each becomes a row with its steps, those without dependencies ready at once. All or none commit; a
-- task that is a repeat or a conflict is answered as such and does not keep the others from being created.
--
-- p_tasks: a JSON array of objects with
--   task_uuid         uuid, made by the caller, random and never used twice
--   template_id       from register_template
--   context           any JSON object
--   correlation_id    uuid; parent_correlation_id: uuid or null
--   priority          -100 .. 100, higher first; lease_seconds: 1 .. 3600 or null for the worker's own
--   request_hash      hex of the hash of namespace, template name, version and canonical context, with leading \x;
--                     null where neither of the next two needs it
--   unique_request    whether request_hash is an identity: a second task with the same one is a conflict
--   idempotency_hash  hex of the hash of namespace, template name and idempotency_key, with leading \x; or null
--   idempotency_key, initiator, source_system, reason, tags, options: kept as given. initiator and source_system stand in an
--                     index: of more than 255 characters each they may raise 54000 and refuse the whole call
--
-- p_worker, p_template_ids, p_tokens, p_lease_seconds: with tokens, first steps of these templates are not made ready but leased to
-- the worker at once, one a token, by priority and in order, as far as the tokens reach; none where any task is not created by
-- this call, or where tasks with an identity were not stored in the order in which they stand here. For who has seen that nothing waits which should come first, see submit_and_claim.
--
-- Answers with one row a task, in order: ordinal from 1; outcome; the uuid of the task, of the existing one where there is
-- one; and when it was accepted.
--   created   the task is there; also when an earlier call with this task_uuid created it (a lost answer)
--   repeated  the idempotency key is known, with the same request
--   conflict  the idempotency key is known with another request, or the request's identity is taken
--
-- Errors: 22023 for a template_id that does not exist. 40001 when a conflicting task vanished meanwhile, and 40P01 when
-- two calls share several identities, by key and by context crosswise, which no order of the rows can rule out: call again.
-- Locks: the unique entries of the new rows; a concurrent call with the same identity waits for this one's end.
-- Notifies nobody; that is the caller's to do, after commit. Keep calls to about 1,000 tasks.
CREATE FUNCTION tasker.submit_tasks(
  p_tasks json,
  p_worker integer DEFAULT NULL,
  p_template_ids integer[] DEFAULT NULL,
  p_tokens uuid[] DEFAULT NULL,
  p_lease_seconds integer DEFAULT NULL
) RETURNS TABLE (ordinal integer, outcome text, task_uuid uuid, accepted_at timestamptz)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
  v_total integer;
  v_known integer;
  v_created uuid[];
  v_templates integer[];
  v_priorities smallint[];
  v_leases smallint[];
  v_outcomes text[];
  v_task_uuids uuid[];
  v_times timestamptz[];
BEGIN
  WITH request AS MATERIALIZED (
    SELECT r.*, t.sink_count, t.template_id AS known_template
    FROM ROWS FROM (json_to_recordset(p_tasks) AS (
      task_uuid uuid, template_id integer, context json, correlation_id uuid, parent_correlation_id uuid,
      priority smallint, lease_seconds smallint, request_hash bytea, unique_request boolean, idempotency_hash bytea,
      idempotency_key text, initiator text, source_system text, reason text, tags text[], options json
    )) WITH ORDINALITY AS r (
      task_uuid, template_id, context, correlation_id, parent_correlation_id, priority, lease_seconds, request_hash,
      unique_request, idempotency_hash, idempotency_key, initiator, source_system, reason, tags, options, ordinal
    )
    LEFT JOIN tasker.templates t ON t.template_id = ANY (ARRAY[r.template_id])
  ), created AS (
    -- Sorted, so that calls with the same keys, or with the same contexts, wait for one another instead of deadlocking.
    INSERT INTO tasker.tasks (
      task_uuid, correlation_id, parent_correlation_id, created_at, updated_at, template_id, open_sinks, priority,
      lease_seconds, unique_request, request_hash, idempotency_hash, initiator, source_system, reason, idempotency_key,
      tags, options, context
    )
    SELECT r.task_uuid, r.correlation_id, r.parent_correlation_id, v_now, v_now, r.template_id, r.sink_count,
           coalesce(r.priority, 0), r.lease_seconds, coalesce(r.unique_request, false), r.request_hash,
           r.idempotency_hash, r.initiator, r.source_system, r.reason, r.idempotency_key, r.tags, r.options, r.context
    FROM request r
    WHERE r.known_template IS NOT NULL
    ORDER BY coalesce(r.idempotency_hash, r.request_hash), r.ordinal
    ON CONFLICT DO NOTHING
    RETURNING task_uuid, template_id, priority, lease_seconds
  ), stored AS (
    SELECT array_agg(c.task_uuid) AS task_uuids, array_agg(c.template_id) AS templates, array_agg(c.priority) AS priorities,
           array_agg(c.lease_seconds) AS leases
    FROM created c
  )
  SELECT count(*), count(r.known_template), array_agg(r.task_uuid ORDER BY r.ordinal),
         (SELECT s.task_uuids FROM stored s), (SELECT s.templates FROM stored s), (SELECT s.priorities FROM stored s),
         (SELECT s.leases FROM stored s)
  INTO v_total, v_known, v_task_uuids, v_created, v_templates, v_priorities, v_leases
  FROM request r;

  IF v_known < v_total THEN
    RAISE EXCEPTION 'a task names a template_id that does not exist: register the template first'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;

  IF v_created = v_task_uuids AND p_tokens IS NOT NULL THEN
    INSERT INTO tasker.steps (
      task_uuid, attempt_token, queued_at, lease_until, started_at, template_id, worker_id, step_index, state,
      remaining_dependencies, attempts, priority, lease_seconds, name, dependencies, dependents
    )
    SELECT n.task_uuid, n.token, CASE WHEN n.is_first AND n.token IS NULL THEN v_now END,
           CASE WHEN n.token IS NOT NULL THEN v_now + make_interval(secs => coalesce(n.lease_seconds, p_lease_seconds)) END,
           CASE WHEN n.token IS NOT NULL THEN v_now END, n.template_id, CASE WHEN n.token IS NOT NULL THEN p_worker END,
           n.step_index, CASE WHEN n.token IS NOT NULL THEN 2 WHEN n.is_first THEN 1 ELSE 0 END, cardinality(n.dependencies),
           CASE WHEN n.token IS NOT NULL THEN 1 ELSE 0 END, n.priority, n.lease_seconds, n.name, n.dependencies, n.dependents
    FROM (
      SELECT c.*, d.step_index, d.name, d.dependencies, d.dependents, d.dependencies = '{}' AS is_first,
             CASE WHEN d.dependencies = '{}' AND c.template_id = ANY (p_template_ids) THEN p_tokens[
               count(*) FILTER (WHERE d.dependencies = '{}' AND c.template_id = ANY (p_template_ids))
                 OVER (ORDER BY c.priority DESC, c.place, d.step_index)
             ] END AS token
      FROM unnest(v_created, v_templates, v_priorities, v_leases)
        WITH ORDINALITY AS c (task_uuid, template_id, priority, lease_seconds, place)
      JOIN tasker.template_steps d ON d.template_id = ANY (ARRAY[c.template_id])
    ) n;
  ELSE
    INSERT INTO tasker.steps (
      task_uuid, queued_at, template_id, step_index, state, remaining_dependencies, priority, lease_seconds, name,
      dependencies, dependents
    )
    SELECT c.task_uuid, CASE WHEN d.dependencies = '{}' THEN v_now END, c.template_id, d.step_index,
           CASE WHEN d.dependencies = '{}' THEN 1 ELSE 0 END, cardinality(d.dependencies), c.priority,
           c.lease_seconds, d.name, d.dependencies, d.dependents
    FROM unnest(v_created, v_templates, v_priorities, v_leases) AS c (task_uuid, template_id, priority, lease_seconds)
    JOIN tasker.template_steps d ON d.template_id = ANY (ARRAY[c.template_id]);
  END IF;

  IF cardinality(v_created) = v_total THEN
    RETURN QUERY
    SELECT r.ordinal::integer, 'created', r.task_uuid, v_now
    FROM unnest(v_task_uuids) WITH ORDINALITY AS r (task_uuid, ordinal);
    RETURN;
  END IF;

  -- A statement of its own: it sees what the calls that were waited for have committed.
  SELECT array_agg(
           CASE
             WHEN own.task_uuid IS NOT NULL THEN 'created'
             WHEN keyed.request_hash = r.request_hash THEN 'repeated'
             WHEN keyed.task_uuid IS NOT NULL OR same.task_uuid IS NOT NULL THEN 'conflict'
           END ORDER BY r.ordinal),
         array_agg(coalesce(own.task_uuid, keyed.task_uuid, same.task_uuid) ORDER BY r.ordinal),
         array_agg(coalesce(own.created_at, keyed.created_at, same.created_at) ORDER BY r.ordinal)
  INTO v_outcomes, v_task_uuids, v_times
  FROM ROWS FROM (json_to_recordset(p_tasks) AS (
    task_uuid uuid, request_hash bytea, unique_request boolean, idempotency_hash bytea
  )) WITH ORDINALITY AS r (task_uuid, request_hash, unique_request, idempotency_hash, ordinal)
  LEFT JOIN tasker.tasks own ON own.task_uuid = ANY (ARRAY[r.task_uuid])
  -- OFFSET 0 keeps these what they are, a look-up a row: no plan may read an index from end to end instead.
  LEFT JOIN LATERAL (
    SELECT k.task_uuid, k.created_at, k.request_hash FROM tasker.tasks k
    WHERE k.idempotency_hash = r.idempotency_hash AND k.idempotency_hash IS NOT NULL
    OFFSET 0
  ) keyed ON true
  LEFT JOIN LATERAL (
    SELECT k.task_uuid, k.created_at FROM tasker.tasks k
    WHERE r.unique_request AND k.request_hash = r.request_hash AND k.unique_request
    OFFSET 0
  ) same ON true;

  IF array_position(v_outcomes, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'a task with the same identity vanished meanwhile: call again'
      USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN QUERY
  SELECT r.ordinal::integer, r.outcome, r.task_uuid, r.accepted_at
  FROM unnest(v_outcomes, v_task_uuids, v_times) WITH ORDINALITY AS r (outcome, task_uuid, accepted_at, ordinal);
END
$$;

-- The plan that is right for small tables is right for large ones: these settings keep a plan made on empty tables from
-- turning into one that scans history.
ALTER FUNCTION tasker.submit_tasks SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.submit_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.submit_tasks SET enable_hashjoin = off;
ALTER FUNCTION tasker.submit_tasks SET enable_mergejoin = off;
ALTER FUNCTION tasker.submit_tasks SET enable_bitmapscan = off;
ALTER FUNCTION tasker.submit_tasks SET jit = off;
