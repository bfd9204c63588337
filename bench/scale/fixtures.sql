-- What a database holds that has worked for a while, made without working for it.

CREATE SCHEMA bench;

-- Tasks of the template that ended over the last weeks, with their steps and events, as the engine leaves them.
CREATE FUNCTION bench.make_finished_tasks(p_template_id integer, p_from integer, p_count integer) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT uuidv7(make_interval(secs => (p_from + n) * -1.5)) AS task_uuid,
           now() - make_interval(secs => (p_from + n) * 1.5) AS created_at
    FROM generate_series(1, p_count) AS g (n)
    ORDER BY n DESC;

  INSERT INTO tasker.tasks (
    task_uuid, correlation_id, created_at, updated_at, finished_at, template_id, open_sinks, status, unique_request,
    initiator, source_system, reason, context
  )
  SELECT m.task_uuid, uuidv7(), m.created_at, m.created_at + interval '40 ms', m.created_at + interval '40 ms',
         p_template_id, 0, 2, false, 'unknown', 'unknown', 'unknown', '{"number":6}'
  FROM made m;

  INSERT INTO tasker.steps (
    task_uuid, attempt_token, started_at, finished_at, template_id, worker_id, step_index, state, remaining_dependencies,
    attempts, priority, name, dependencies, dependents, result
  )
  SELECT m.task_uuid, gen_random_uuid(), m.created_at + interval '5 ms', m.created_at + interval '10 ms', p_template_id, 1,
         t.step_index, 4, 0, 1, 0, t.name, t.dependencies, t.dependents, '36'
  FROM made m JOIN tasker.template_steps t ON t.template_id = p_template_id;

  INSERT INTO tasker.events (task_uuid, recorded_at, started_at, worker_id, step_index, kind, attempt, metadata)
  SELECT m.task_uuid, m.created_at + interval '10 ms', m.created_at + interval '5 ms', 1, t.step_index, 1, 1, '{}'
  FROM made m JOIN tasker.template_steps t ON t.template_id = p_template_id;

  INSERT INTO tasker.events (task_uuid, recorded_at, kind, task_status)
  SELECT m.task_uuid, m.created_at + interval '40 ms', 9, 2 FROM made m;
END
$$;

-- Tasks of the template, of which the first step has failed and waits for an hour before it is tried again.
CREATE FUNCTION bench.make_waiting_tasks(p_template_id integer, p_count integer) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT uuidv7() AS task_uuid FROM generate_series(1, p_count);

  INSERT INTO tasker.tasks (
    task_uuid, correlation_id, created_at, updated_at, template_id, open_sinks, unique_request, initiator, source_system,
    reason, context
  )
  SELECT m.task_uuid, uuidv7(), now(), now(), p_template_id, 1, false, 'unknown', 'unknown', 'unknown', '{"number":6}'
  FROM made m;

  INSERT INTO tasker.steps (
    task_uuid, attempt_token, retry_at, started_at, template_id, worker_id, step_index, state, remaining_dependencies,
    attempts, priority, name, dependencies, dependents
  )
  SELECT m.task_uuid, gen_random_uuid(), CASE WHEN t.dependencies = '{}' THEN now() + interval '1 hour' END, now(),
         p_template_id, 1, t.step_index, CASE WHEN t.dependencies = '{}' THEN 3 ELSE 0 END, cardinality(t.dependencies),
         1, 0, t.name, t.dependencies, t.dependents
  FROM made m JOIN tasker.template_steps t ON t.template_id = p_template_id;
END
$$;
