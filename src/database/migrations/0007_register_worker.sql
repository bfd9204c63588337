-- Makes a worker process known under its name and answers with the number that claims carry. The same name gives the
-- same number.
CREATE FUNCTION tasker.register_worker(p_name text, p_hostname text) RETURNS integer
LANGUAGE sql
AS $$
  INSERT INTO tasker.workers (name, hostname, registered_at)
  VALUES (p_name, p_hostname, tasker.current_time())
  ON CONFLICT (name) DO UPDATE SET hostname = excluded.hostname, registered_at = excluded.registered_at
  RETURNING worker_id
$$;
