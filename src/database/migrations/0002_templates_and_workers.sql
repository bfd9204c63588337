-- One row a template content that this database has seen. Tasks pin a row, so they keep what they began with.
CREATE TABLE tasker.templates (
  template_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace     text NOT NULL,
  name          text NOT NULL,
  version       text NOT NULL,
  content_hash  text NOT NULL,
  definition    json NOT NULL,
  sink_count    integer NOT NULL,  -- steps that nothing depends on
  registered_at timestamptz NOT NULL,
  lifecycle_checked_at timestamptz,  -- when its unfinished tasks were last held against its lifecycle limits
  UNIQUE (namespace, name, version, content_hash)
);

-- The steps that a task of the template starts with. step_index is the step's place in topological order; edges are
-- arrays of those indexes.
CREATE TABLE tasker.template_steps (
  template_id  integer NOT NULL REFERENCES tasker.templates ON DELETE CASCADE,
  step_index   smallint NOT NULL,
  name         text NOT NULL,
  dependencies smallint[] NOT NULL,
  dependents   smallint[] NOT NULL,
  PRIMARY KEY (template_id, step_index)
);

-- The processes that have run steps, so that steps and events can name one in four bytes.
CREATE TABLE tasker.workers (
  worker_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL UNIQUE,
  hostname      text NOT NULL,
  registered_at timestamptz NOT NULL
);
