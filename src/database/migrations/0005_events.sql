-- One row an ended attempt, a manual action, or a change of a task's stored status. Append-only; it serves the audit,
-- the event stream and the last error of a step. Rows are written under the task's lock, so the ids of one task
-- commit in order.
--
-- kind: 1 attempt succeeded, 2 attempt failed and a retry follows, 3 attempt failed for good, 4 attempt lost with its
-- worker, 5 attempt handed back, 6 step reset by hand, 7 step resolved by hand, 8 step completed by hand, 9 the task's
-- status changed (to task_status).
--
-- detail: the error of a failure, or who acted and why (of kinds 7 and 8 with from_state, the step's state before). metadata: what the handler gave with its result.
CREATE TABLE tasker.events (
  task_uuid      uuid NOT NULL,
  event_id       bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
  recorded_at    timestamptz NOT NULL,
  started_at     timestamptz,
  retry_delay_ms bigint,
  worker_id      integer,
  step_index     smallint,
  kind           smallint NOT NULL,
  attempt        smallint,
  task_status    smallint,
  detail         json,
  metadata       json,
  PRIMARY KEY (task_uuid, event_id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);
