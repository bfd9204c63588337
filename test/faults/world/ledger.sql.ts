/**
 * What the checker reads beside the engine's own tables: a ledger of every change of a step's state, token or lease, the lease
 * that it is stored with included, written by a trigger in the transaction that makes the change, and a table for the effects of handlers' transactions.
 */
export const LEDGER_SQL = `
CREATE SCHEMA faults;
CREATE TABLE faults.effects (task_uuid uuid NOT NULL, step text NOT NULL, nonce text NOT NULL);
CREATE TABLE faults.ledger (
  entry bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  transaction bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  at timestamptz NOT NULL DEFAULT tasker.current_time(),
  task_uuid uuid NOT NULL,
  step_index smallint NOT NULL,
  old_state smallint,
  new_state smallint NOT NULL,
  old_token uuid,
  new_token uuid,
  old_lease timestamptz,
  new_lease timestamptz,
  result json
);
CREATE FUNCTION faults.record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO faults.ledger (task_uuid, step_index, old_state, new_state, old_token, new_token, old_lease, new_lease, result)
  VALUES (NEW.task_uuid, NEW.step_index, OLD.state, NEW.state, OLD.attempt_token, NEW.attempt_token, OLD.lease_until,
          NEW.lease_until, CASE WHEN NEW.state = 4 THEN NEW.result END);
  RETURN NULL;
END $$;
CREATE TRIGGER record AFTER UPDATE ON tasker.steps FOR EACH ROW
  WHEN (OLD.state <> NEW.state OR OLD.attempt_token IS DISTINCT FROM NEW.attempt_token
        OR OLD.lease_until IS DISTINCT FROM NEW.lease_until)
  EXECUTE FUNCTION faults.record();
CREATE TRIGGER record_at_once AFTER INSERT ON tasker.steps FOR EACH ROW WHEN (NEW.state = 2)
  EXECUTE FUNCTION faults.record();
`;
