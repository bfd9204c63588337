/** One row a broken promise: what the counters and states of tasks say against what their steps and events say. */
export const BROKEN_PROMISES = `
WITH step AS (
  SELECT s.*, s.dependents = '{}' AS sink,
         parents.unmet, parents.last_end,
         history.recorded, history.last_started
  FROM tasker.steps s
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE p.state NOT IN (4, 7)) AS unmet, max(p.finished_at) AS last_end
    FROM tasker.steps p WHERE p.task_uuid = s.task_uuid AND p.step_index = ANY (s.dependencies)
  ) parents
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE e.kind IN (1, 7, 8)) AS recorded, min(e.started_at) AS last_started
    FROM tasker.events e WHERE e.task_uuid = s.task_uuid AND e.step_index = s.step_index
  ) history
), task AS (
  SELECT t.*, c.*, last.status AS told, last.ended_before
  FROM tasker.tasks t
  JOIN (
    SELECT s.task_uuid AS id,
           count(*) FILTER (WHERE s.sink AND s.state NOT IN (4, 7)) AS sinks,
           count(*) FILTER (WHERE s.state = 5) AS errors,
           count(*) FILTER (WHERE s.state IN (1, 2, 3, 8)) AS runnable,
           count(*) FILTER (WHERE s.state IN (0, 1, 2, 3, 8)) AS unfinished
    FROM step s GROUP BY s.task_uuid
  ) c ON c.id = t.task_uuid
  CROSS JOIN LATERAL (
    SELECT coalesce((array_agg(e.task_status ORDER BY e.event_id DESC))[1], 0) AS status,
           count(*) FILTER (WHERE e.task_status IN (2, 3, 4)) AS ended_before
    FROM tasker.events e WHERE e.task_uuid = t.task_uuid AND e.kind = 9
  ) last
), event AS (
  SELECT e.*, lag(e.recorded_at) OVER (PARTITION BY e.task_uuid ORDER BY e.event_id) AS before
  FROM tasker.events e
)
SELECT s.task_uuid, s.step_index, p.problem
FROM step s
CROSS JOIN LATERAL (VALUES
  (s.remaining_dependencies <> s.unmet, 'remaining_dependencies is not the number of unmet parents'),
  (s.state = 0 AND s.unmet = 0, 'waits although its parents are done'),
  (s.state NOT IN (0, 6) AND s.unmet > 0, 'left pending before its parents were done'),
  (s.last_started < s.last_end, 'started before its parents ended'),
  ((s.state = 2) <> (s.lease_until IS NOT NULL), 'lease and state disagree'),
  (s.state = 2 AND (s.attempt_token IS NULL OR s.worker_id IS NULL OR s.attempts < 1), 'runs without a holder'),
  ((s.state IN (1, 8)) <> (s.queued_at IS NOT NULL), 'queued_at and state disagree'),
  ((s.state = 3) <> (s.retry_at IS NOT NULL), 'retry_at and state disagree'),
  ((s.state IN (4, 5, 6, 7)) <> (s.finished_at IS NOT NULL), 'finished_at and state disagree'),
  (s.state = 1 AND s.lost_count >= 2, 'may run beside others although it was lost twice'),
  (s.recorded <> CASE WHEN s.state IN (4, 7) THEN 1 ELSE 0 END, 'was not recorded exactly once')
) AS p (broken, problem)
WHERE p.broken
UNION ALL
SELECT t.task_uuid, NULL, p.problem
FROM task t
CROSS JOIN LATERAL (VALUES
  (t.open_sinks <> t.sinks, 'open_sinks is not the number of unfinished sinks'),
  (t.failed_steps <> t.errors, 'failed_steps is not the number of steps in error'),
  (t.status <> CASE
     WHEN t.status IN (3, 4) AND t.unfinished = 0 THEN t.status
     WHEN t.sinks = 0 THEN 2
     WHEN t.errors > 0 AND t.runnable = 0 THEN 1
     ELSE 0
   END, 'its status is not what its steps imply'),
  (t.status = 0 AND t.runnable = 0, 'is active, but nothing of it can run'),
  ((t.status IN (2, 3, 4)) <> (t.finished_at IS NOT NULL), 'finished_at and status disagree'),
  (t.told <> t.status, 'its last status event is not its status'),
  (t.ended_before > 1, 'ended more than once')
) AS p (broken, problem)
WHERE p.broken
UNION ALL
SELECT e.task_uuid, e.step_index, 'event ' || e.event_id || ' is older than the one before it'
FROM event e WHERE e.recorded_at < e.before`;
