-- One row a step of a task: its place in the graph, its state, and its result.
--
-- state: 0 pending (waits for dependencies), 1 ready, 2 in progress, 3 waiting for a retry, 4 complete, 5 error,
-- 6 cancelled, 7 resolved by hand, 8 ready but to be run alone (its attempts were lost with their workers).
--
-- queued_at is set in states 1 and 8, lease_until in state 2, retry_at in state 3. attempt_token stays on the row after
-- the attempt has ended, so that a repeated report is recognised. attempts counts the attempts of the current run of
-- the step, the one in progress included; lost and handed-back ones are taken off again.
--
-- There is no foreign key to tasks: rows are made and removed only together with their task, in one transaction, and
-- the key would double the cost of a bulk submit.
--
-- Guards on the state in updates by key are written "state + 0 = ..." on purpose: a plain comparison matches the
-- partial indexes below, and the planner then prefers those to the primary key once the table has grown. Joins on the
-- key of steps or tasks are written "task_uuid = ANY (ARRAY[...])": a plain comparison makes the order of the primary key
-- worth something to the planner, and for a table that was small when it looked it then reads that index from end to end.
CREATE TABLE tasker.steps (
  task_uuid              uuid NOT NULL,
  attempt_token          uuid,
  queued_at              timestamptz,
  lease_until            timestamptz,
  retry_at               timestamptz,
  started_at             timestamptz,
  finished_at            timestamptz,
  template_id            integer NOT NULL,
  worker_id              integer,
  step_index             smallint NOT NULL,
  state                  smallint NOT NULL,
  remaining_dependencies smallint NOT NULL,
  attempts               smallint NOT NULL DEFAULT 0,
  lost_count             smallint NOT NULL DEFAULT 0,
  priority               smallint NOT NULL,
  lease_seconds          smallint,
  name                   text NOT NULL,
  dependencies           smallint[] NOT NULL,
  dependents             smallint[] NOT NULL,
  result                 json,
  PRIMARY KEY (task_uuid, step_index)
) WITH (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_analyze_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX steps_ready ON tasker.steps (template_id, priority DESC, queued_at, task_uuid, step_index) WHERE state = 1;
CREATE INDEX steps_ready_alone ON tasker.steps (template_id, queued_at) WHERE state = 8;
CREATE INDEX steps_leased ON tasker.steps (lease_until) WHERE state = 2;
CREATE INDEX steps_retry ON tasker.steps (retry_at) WHERE state = 3;

-- The public id of a step: its task's id with version 8 and with step_index + 1 folded into the last two bytes, so that
-- it needs neither a column nor an index, and leads back to the row. One expression, so that queries take it in.
CREATE FUNCTION tasker.step_uuid(p_task_uuid uuid, p_step_index smallint) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT encode(
    set_byte(set_byte(set_byte(uuid_send(p_task_uuid),
      6, (get_byte(uuid_send(p_task_uuid), 6) & 15) | 128),
      14, get_byte(uuid_send(p_task_uuid), 14) # ((p_step_index + 1) >> 8)),
      15, get_byte(uuid_send(p_task_uuid), 15) # ((p_step_index + 1) & 255)),
    'hex')::uuid
$$;
