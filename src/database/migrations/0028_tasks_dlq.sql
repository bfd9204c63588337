-- Tasks that were taken out of the way because they went over a limit, for people to look at. One row a task.
CREATE TABLE tasker.tasks_dlq (
  dlq_entry_uuid    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  task_uuid         uuid NOT NULL UNIQUE,
  original_state    text NOT NULL,
  dlq_reason        text NOT NULL,
  dlq_timestamp     timestamptz NOT NULL,
  resolution_status text NOT NULL DEFAULT 'pending',
  task_snapshot     json NOT NULL,
  metadata          json
);
