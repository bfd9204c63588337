-- The condition that a list of tasks is filtered by, as SQL text over tasks k and the parameters $1 template ids, $2 initiator,
-- $3 source_system, $4 and $5 the place to go on from (created_at, task_uuid), $6 now. Parts that filter nothing are left
-- out, so that each combination gets a plan of its own.
--
-- p_status is one of Tasker's statuses. The finer ones of an active task are told from its steps, as read_tasks does.
CREATE FUNCTION tasker.task_filter(
  p_namespace text,
  p_status text,
  p_initiator text,
  p_source_system text,
  p_after boolean
) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  v_has constant text := 'EXISTS (SELECT FROM tasker.steps s WHERE s.task_uuid = k.task_uuid AND %s)';
  v_begun constant text := format(v_has, '(s.started_at IS NOT NULL OR s.finished_at IS NOT NULL)');
  v_moving constant text := format(v_has, '(s.state + 0 IN (1, 2, 8) OR (s.state + 0 = 3 AND s.retry_at <= $6))');
  v_retrying constant text := format(v_has, '(s.state + 0 = 3 AND s.retry_at > $6)');
BEGIN
  RETURN concat_ws(' AND ', 'true',
    CASE WHEN p_namespace IS NOT NULL THEN 'k.template_id = ANY ($1)' END,
    CASE WHEN p_initiator IS NOT NULL THEN 'k.initiator = $2' END,
    CASE WHEN p_source_system IS NOT NULL THEN 'k.source_system = $3' END,
    CASE WHEN p_after THEN '(k.created_at, k.task_uuid) < ($4, $5)' END,
    CASE p_status
      WHEN 'blocked_by_failures' THEN 'k.status = 1'
      WHEN 'complete' THEN 'k.status = 2'
      WHEN 'error' THEN 'k.status = 3'
      WHEN 'cancelled' THEN 'k.status = 4'
      WHEN 'pending' THEN 'k.status = 0 AND NOT ' || v_begun
      WHEN 'steps_in_process' THEN 'k.status = 0 AND ' || v_begun || ' AND ' || v_moving
      WHEN 'waiting_for_retry' THEN 'k.status = 0 AND ' || v_begun || ' AND NOT ' || v_moving || ' AND ' || v_retrying
      WHEN 'waiting_for_dependencies' THEN
        'k.status = 0 AND ' || v_begun || ' AND NOT ' || v_moving || ' AND NOT ' || v_retrying
      ELSE CASE WHEN p_status IS NOT NULL THEN 'false' END
    END);
END
$$;

-- The ids of a page of tasks, newest first.
--
-- p_namespace, p_status, p_initiator, p_source_system   null: any; p_status in Tasker's words, see task_filter
-- p_after_created, p_after_task   the last task of the page before; null to begin with the newest
-- p_offset, p_limit               how many to pass over, and how many to answer
--
-- created_at comes as text, so that no client loses its microseconds. Reads one index from the newest on: passing
-- over many costs as many of its entries; filters that few tasks match cost as many as have to be looked at.
CREATE FUNCTION tasker.list_tasks(
  p_namespace text,
  p_status text,
  p_initiator text,
  p_source_system text,
  p_after_created timestamptz,
  p_after_task uuid,
  p_offset integer,
  p_limit integer
) RETURNS TABLE (task_uuid uuid, created_at text)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  -- Written as text outside: inside, those that are passed over would be as well.
  RETURN QUERY EXECUTE format(
    'SELECT t.task_uuid, t.created_at::text
     FROM (
       SELECT k.task_uuid, k.created_at FROM tasker.tasks k WHERE %s
       ORDER BY k.created_at DESC, k.task_uuid DESC OFFSET $7 LIMIT $8
     ) t ORDER BY t.created_at DESC, t.task_uuid DESC',
    tasker.task_filter(p_namespace, p_status, p_initiator, p_source_system, p_after_task IS NOT NULL))
  USING ARRAY(SELECT p.template_id FROM tasker.templates p WHERE p.namespace = p_namespace), p_initiator, p_source_system, p_after_created, p_after_task, tasker.current_time(), p_offset, p_limit;
END
$$;

-- How many tasks a filter matches: counted to p_exact, from there on the planner's estimate, and never less than p_exact.
CREATE FUNCTION tasker.count_tasks(
  p_namespace text,
  p_status text,
  p_initiator text,
  p_source_system text,
  p_exact integer
) RETURNS TABLE (total bigint, estimated boolean)
LANGUAGE plpgsql
AS $$
DECLARE
  v_matching text := 'FROM tasker.tasks k WHERE '
    || tasker.task_filter(p_namespace, p_status, p_initiator, p_source_system, false);
  v_counted bigint;
  v_plan json;
BEGIN
  EXECUTE format('SELECT count(*) FROM (SELECT %s ORDER BY k.created_at DESC, k.task_uuid DESC LIMIT $7) t', v_matching)
  INTO v_counted
  USING ARRAY(SELECT p.template_id FROM tasker.templates p WHERE p.namespace = p_namespace), p_initiator, p_source_system, NULL::timestamptz, NULL::uuid, tasker.current_time(), p_exact + 1;
  IF v_counted <= p_exact THEN
    RETURN QUERY SELECT v_counted, false;
    RETURN;
  END IF;
  EXECUTE 'EXPLAIN (FORMAT JSON) SELECT ' || v_matching INTO v_plan
  USING ARRAY(SELECT p.template_id FROM tasker.templates p WHERE p.namespace = p_namespace), p_initiator, p_source_system, NULL::timestamptz, NULL::uuid, tasker.current_time();
  RETURN QUERY SELECT greatest(v_counted, (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint), true;
END
$$;

ALTER FUNCTION tasker.list_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.list_tasks SET enable_bitmapscan = off;
ALTER FUNCTION tasker.list_tasks SET enable_sort = off;
ALTER FUNCTION tasker.list_tasks SET jit = off;
ALTER FUNCTION tasker.count_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.count_tasks SET enable_bitmapscan = off;
ALTER FUNCTION tasker.count_tasks SET enable_sort = off;
ALTER FUNCTION tasker.count_tasks SET jit = off;
