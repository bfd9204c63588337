-- Makes a subscription known. A new one begins with the events that are published from now on, or with the oldest that
-- is kept; one that is known goes on where it was.
CREATE FUNCTION tasker.register_event_subscription(p_name text, p_from_beginning boolean) RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO tasker.event_subscriptions (name, last_event_id, updated_at)
  VALUES (
    p_name,
    CASE WHEN p_from_beginning THEN 0 ELSE coalesce((SELECT max(e.event_id) FROM tasker.domain_events e), 0) END,
    tasker.current_time())
  ON CONFLICT (name) DO NOTHING
$$;

-- Takes a subscription for p_lease_seconds, or keeps it, and reads its next events.
--
-- p_owner    random, one a process
-- p_pattern  a regular expression that the names of wanted events match
-- p_scan     how many events are looked at
-- p_bytes    how many bytes of payloads are answered: the batch ends before the event that is past them, but has one in any case
--
-- Answers with no row where another process holds the subscription. Otherwise with one row a wanted event, in order, and
-- last a row without an event whose event_id says up to where the events were looked at: once all are handled, that is
-- where to go on. Locks: the subscription, SKIP LOCKED.
CREATE FUNCTION tasker.read_event_subscription(
  p_name text,
  p_owner uuid,
  p_lease_seconds integer,
  p_pattern text,
  p_scan integer,
  p_bytes bigint DEFAULT 8388608
) RETURNS TABLE (
  event_id bigint,
  name text,
  namespace text,
  template_name text,
  template_version text,
  task_uuid uuid,
  step_index smallint,
  step_name text,
  attempt smallint,
  attempt_token uuid,
  correlation_id uuid,
  published_at timestamptz,
  payload json
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := tasker.current_time();
  v_from bigint;
  v_to bigint;
  v_most bigint;
  v_bytes bigint := 0;
  v_event record;
  v_last bigint;
BEGIN
  SELECT s.last_event_id INTO v_from
  FROM tasker.event_subscriptions s
  WHERE s.name = p_name AND (s.owner IS NULL OR s.owner = p_owner OR s.lease_until < v_now)
  FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE tasker.event_subscriptions s
  SET owner = p_owner, lease_until = v_now + make_interval(secs => p_lease_seconds)
  WHERE s.name = p_name;

  -- The most that they can have, without a look into what is compressed.
  SELECT max(e.event_id),
         sum(pg_column_size(e.payload)::bigint * CASE WHEN pg_column_compression(e.payload) IS NULL THEN 1 ELSE 256 END)
           FILTER (WHERE e.name ~ p_pattern)
  INTO v_to, v_most
  FROM (
    SELECT k.event_id, k.name, k.payload FROM tasker.domain_events k WHERE k.event_id > v_from ORDER BY k.event_id LIMIT p_scan
  ) e;

  IF v_most > p_bytes THEN
    FOR v_event IN
      SELECT k.event_id, tasker.json_bytes(k.payload) AS bytes
      FROM tasker.domain_events k
      WHERE k.event_id > v_from AND k.event_id <= v_to AND k.name ~ p_pattern
      ORDER BY k.event_id
    LOOP
      v_bytes := v_bytes + v_event.bytes;
      IF v_bytes > p_bytes AND v_last IS NOT NULL THEN
        v_to := v_last;
        EXIT;
      END IF;
      v_last := v_event.event_id;
    END LOOP;
  END IF;

  RETURN QUERY
  SELECT e.event_id, e.name, t.namespace, t.name, t.version, e.task_uuid, e.step_index, s.name, e.attempt,
         e.attempt_token, e.correlation_id, e.published_at, e.payload
  FROM tasker.domain_events e
  JOIN tasker.templates t ON t.template_id = e.template_id
  LEFT JOIN tasker.steps s ON s.task_uuid = ANY (ARRAY[e.task_uuid]) AND s.step_index = e.step_index
  WHERE e.event_id > v_from AND e.event_id <= v_to AND e.name ~ p_pattern
  ORDER BY e.event_id;

  RETURN QUERY
  SELECT coalesce(v_to, v_from), NULL::text, NULL::text, NULL::text, NULL::text, NULL::uuid, NULL::smallint, NULL::text,
         NULL::smallint, NULL::uuid, NULL::uuid, NULL::timestamptz, NULL::json;
END
$$;

-- Says up to which event a subscription has been served (p_error null), or what keeps its next event from being handled.
-- Answers whether p_owner still holds it; if not, nothing changes and another process goes on.
CREATE FUNCTION tasker.advance_event_subscription(p_name text, p_owner uuid, p_event_id bigint, p_error text)
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE tasker.event_subscriptions s
  SET last_event_id = greatest(s.last_event_id, p_event_id),
      failures = CASE WHEN p_error IS NULL THEN 0 ELSE s.failures + 1 END,
      last_error = p_error,
      updated_at = tasker.current_time()
  WHERE s.name = p_name AND s.owner = p_owner;
  RETURN FOUND;
END
$$;

-- Keeps a subscription for p_lease_seconds more, while its events are being handled. Answers whether p_owner still held it.
CREATE FUNCTION tasker.renew_event_subscription(p_name text, p_owner uuid, p_lease_seconds integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE tasker.event_subscriptions s
  SET lease_until = tasker.current_time() + make_interval(secs => p_lease_seconds)
  WHERE s.name = p_name AND s.owner = p_owner;
  RETURN FOUND;
END
$$;

-- Lets go of a subscription, so that another process need not wait for the end of the lease.
CREATE FUNCTION tasker.release_event_subscription(p_name text, p_owner uuid) RETURNS void
LANGUAGE sql
AS $$
  UPDATE tasker.event_subscriptions SET owner = NULL, lease_until = NULL WHERE name = p_name AND owner = p_owner
$$;

ALTER FUNCTION tasker.read_event_subscription SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.read_event_subscription SET enable_seqscan = off;
ALTER FUNCTION tasker.read_event_subscription SET enable_hashjoin = off;
ALTER FUNCTION tasker.read_event_subscription SET enable_mergejoin = off;
ALTER FUNCTION tasker.read_event_subscription SET enable_bitmapscan = off;
ALTER FUNCTION tasker.read_event_subscription SET jit = off;
