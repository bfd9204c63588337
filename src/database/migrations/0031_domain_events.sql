-- The outbox: events that steps published, in the transaction in which their end was recorded.
--
-- Ids are assigned under one advisory lock that is held until the transaction ends, so they commit in order: whoever has
-- read up to an id has read everything before it, and a cursor is a single number.
CREATE TABLE tasker.domain_events (
  event_id       bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  task_uuid      uuid NOT NULL,
  correlation_id uuid NOT NULL,
  published_at   timestamptz NOT NULL,
  template_id    integer NOT NULL,
  step_index     smallint NOT NULL,
  attempt        smallint NOT NULL,
  attempt_token  uuid NOT NULL,  -- with the name, the event's identity: attempt numbers start anew when a step is reset
  name           text NOT NULL,
  payload        json NOT NULL
);

CREATE INDEX domain_events_task ON tasker.domain_events (task_uuid);

-- One row a subscription: how far it has been served, by whom, and what keeps it from going on.
CREATE TABLE tasker.event_subscriptions (
  name          text PRIMARY KEY,
  last_event_id bigint NOT NULL,
  owner         uuid,
  lease_until   timestamptz,
  failures      integer NOT NULL DEFAULT 0,
  last_error    text,
  updated_at    timestamptz NOT NULL
);
