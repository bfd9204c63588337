-- Tells other processes something, when the transaction commits. Channels: tasker_ready (ready steps exist) and
-- tasker_tasks (the payload's tasks have changed). Only a hint: whoever misses it finds the same by polling. Never called
-- in the transactions that claim and complete, because NOTIFY serialises commits.
CREATE FUNCTION tasker.notify(p_channel text, p_payload text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify(p_channel, p_payload);
END
$$;
