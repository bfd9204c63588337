-- Removes tasks that ended longer ago than the retention, with their steps, attempts, domain events and dead letters.
-- Their identities are free again. A blocked task has not ended and stays.
--
-- p_days            removed are tasks that ended more than so many days ago
-- p_after_created, p_after_task   where the call before this one stopped; null to begin
-- p_batch           how many tasks are looked at, oldest first
--
-- Answers with one row: how many tasks were looked at and removed, and where to go on; fewer looked at than p_batch: there
-- is nothing more. No row: another call is at it.
-- Locks: the tasks to be removed, ordered, SKIP LOCKED; nobody claims or changes those any more.
CREATE FUNCTION tasker.remove_finished_tasks(
  p_days integer,
  p_after_created timestamptz,
  p_after_task uuid,
  p_batch integer
) RETURNS TABLE (looked integer, removed integer, last_created_at timestamptz, last_task_uuid uuid)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_before timestamptz := tasker.current_time() - make_interval(days => p_days);
  v_created timestamptz[];
  v_looked uuid[];
  v_ended uuid[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('tasker.remove_finished_tasks', 0)) THEN
    RETURN;
  END IF;

  -- Whatever ended before that moment was created before it.
  SELECT array_agg(t.task_uuid ORDER BY t.created_at, t.task_uuid), array_agg(t.created_at ORDER BY t.created_at, t.task_uuid)
  INTO v_looked, v_created
  FROM (
    SELECT k.task_uuid, k.created_at
    FROM tasker.tasks k
    WHERE k.created_at <= v_before
      AND (k.created_at, k.task_uuid) > (coalesce(p_after_created, '-infinity'), coalesce(p_after_task, '00000000-0000-0000-0000-000000000000'))
    ORDER BY k.created_at, k.task_uuid
    LIMIT p_batch
  ) t;

  SELECT array_agg(t.task_uuid) INTO v_ended
  FROM (
    SELECT k.task_uuid FROM tasker.tasks k
    WHERE k.task_uuid = ANY (v_looked) AND k.status + 0 IN (2, 3, 4) AND k.finished_at <= v_before
    ORDER BY k.task_uuid
    FOR UPDATE SKIP LOCKED
  ) t;

  DELETE FROM tasker.domain_events e WHERE e.task_uuid = ANY (v_ended);
  DELETE FROM tasker.tasks_dlq d WHERE d.task_uuid = ANY (v_ended);
  DELETE FROM tasker.events e WHERE e.task_uuid = ANY (v_ended);
  DELETE FROM tasker.steps s WHERE s.task_uuid = ANY (v_ended);
  DELETE FROM tasker.tasks k WHERE k.task_uuid = ANY (v_ended);

  RETURN QUERY
  SELECT coalesce(cardinality(v_looked), 0), coalesce(cardinality(v_ended), 0), v_created[cardinality(v_created)],
         v_looked[cardinality(v_looked)];
END
$$;

ALTER FUNCTION tasker.remove_finished_tasks SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION tasker.remove_finished_tasks SET enable_seqscan = off;
ALTER FUNCTION tasker.remove_finished_tasks SET enable_hashjoin = off;
ALTER FUNCTION tasker.remove_finished_tasks SET enable_mergejoin = off;
ALTER FUNCTION tasker.remove_finished_tasks SET enable_bitmapscan = off;
ALTER FUNCTION tasker.remove_finished_tasks SET jit = off;
