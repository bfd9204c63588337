-- The durable core of tasker-nest lives in schema "tasker".
--
-- Words: a task is one run of a template; its steps form a DAG; an attempt is one execution of a step by a worker.
--
-- Invariants that every function keeps:
--   * A step in state in_progress has an attempt token and a lease; no other step has a lease.
--   * Whoever reports on an attempt must show its token; a report with any other token changes nothing.
--   * remaining_dependencies is the number of a step's direct parents that are neither complete nor resolved. A step
--     leaves state pending when it reaches 0, which happens once.
--   * open_sinks is the number of the task's unfinished steps that nothing depends on; the task is complete at 0.
--   * failed_steps is the number of the task's steps in state error.
--   * A task is blocked when it is unfinished, has failed steps, and none of its steps is ready, running or waiting
--     for a retry.
--
-- Lock order, the same in every function: task rows ordered by task_uuid, then step rows ordered by (task_uuid,
-- step_index). Functions that take step rows alone (claim, extend) take them with SKIP LOCKED, so they never wait for
-- a step while they hold another.
--
-- Clock: tasker.current_time() decides what is due and what has expired; a client's clock never does.

-- Not IF NOT EXISTS: that asks for the right to create in the database even when the schema is there.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tasker') THEN
    CREATE SCHEMA tasker;
  END IF;
END
$$;

-- The clock of the engine. Functions read it once, into a variable. A test may replace this function to shift time.
CREATE FUNCTION tasker.current_time() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT clock_timestamp() $$;

-- The version of this schema. Each release that changes what claims mean replaces it with a higher number. A process
-- sends the version that it knows with each claim and gets no work from a newer schema; what it runs it may report.
CREATE FUNCTION tasker.schema_version() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT 1 $$;

-- How many bytes a stored JSON value has as text, or a few more. It is read for that only if it is compressed and takes no more than
-- 1 MiB; of a larger compressed one the answer is more than its text can have. One expression, so that queries take it in.
CREATE FUNCTION tasker.json_bytes(p_value json) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN pg_column_compression(p_value) IS NULL THEN pg_column_size(p_value)
    WHEN pg_column_size(p_value) <= 1048576 THEN octet_length(p_value::text)
    ELSE 256 * pg_column_size(p_value)::bigint
  END::bigint
$$;

-- How many bytes of input a claim may carry for each of p_tokens steps: 32 MiB together, but 16 KiB each at least. One expression.
CREATE FUNCTION tasker.input_share(p_tokens integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT greatest(33554432 / greatest(p_tokens, 1), 16384)::bigint $$;
