-- One row a task.
--
-- status: 0 active, 1 blocked, 2 complete, 3 error, 4 cancelled. The finer names (pending, waiting_for_retry, ...) are
-- derived from the steps on read.
--
-- request_hash is the hash of template and canonical context; with unique_request it is an identity of its own
-- (identity_strategy "strict"). idempotency_hash is the hash of namespace, template name and idempotency key.
--
-- exceeded_limit is the lifecycle limit that the task is over, by its name in the template.
--
-- Rows are changed a few times in their life (blocked, ended), never once a step.
--
-- There is no foreign key to templates, whose rows are never removed: submit_tasks joins them, and the key would look each
-- up once more.
CREATE TABLE tasker.tasks (
  task_uuid             uuid PRIMARY KEY,
  correlation_id        uuid NOT NULL,
  parent_correlation_id uuid,
  created_at            timestamptz NOT NULL,
  updated_at            timestamptz NOT NULL,
  finished_at           timestamptz,
  template_id           integer NOT NULL,
  open_sinks            integer NOT NULL,
  failed_steps          integer NOT NULL DEFAULT 0,
  status                smallint NOT NULL DEFAULT 0,
  priority              smallint NOT NULL DEFAULT 0,
  lease_seconds         smallint,
  unique_request        boolean NOT NULL,
  request_hash          bytea,
  idempotency_hash      bytea,
  initiator             text NOT NULL,
  source_system         text NOT NULL,
  reason                text NOT NULL,
  idempotency_key       text,
  exceeded_limit        text,
  tags                  text[],
  options               json,
  context               json NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

CREATE UNIQUE INDEX tasks_request ON tasker.tasks (request_hash) WHERE unique_request;
CREATE UNIQUE INDEX tasks_idempotency ON tasker.tasks (idempotency_hash) WHERE idempotency_hash IS NOT NULL;
CREATE INDEX tasks_unfinished ON tasker.tasks (template_id, created_at, task_uuid) WHERE status IN (0, 1);
-- For lists, newest first, and for the retention, oldest first. What lists are filtered by is in it, so that a page far
-- down, or a filter that few tasks match, is read from the index alone.
CREATE INDEX tasks_created ON tasker.tasks (created_at, task_uuid)
  INCLUDE (template_id, status, initiator, source_system);
-- The same of the few that are not complete, so that what is at work, blocked or failed is found without passing over all that
-- went well.
CREATE INDEX tasks_not_complete ON tasker.tasks (created_at, task_uuid)
  INCLUDE (template_id, status, initiator, source_system) WHERE status <> 2;
