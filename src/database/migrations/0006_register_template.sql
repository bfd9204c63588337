-- Makes a template known, or finds it again. Safe to call from any number of processes at once.
--
-- p_steps: [{"name": text, "dependencies": [step_index...], "dependents": [step_index...]}, ...], in topological order.
-- Answers with one row: template_id, and null; or null, and the number of unfinished tasks that still run under other
-- content of the same namespace, name and version, in which case nothing was registered.
-- Locks: an advisory lock on namespace, name and version until the transaction ends.
CREATE FUNCTION tasker.register_template(
  p_namespace text,
  p_name text,
  p_version text,
  p_content_hash text,
  p_definition json,
  p_steps json
) RETURNS TABLE (template_id integer, conflicting_tasks bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  v_id integer;
  v_conflicting bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(format('tasker.template:%s/%s/%s', p_namespace, p_name, p_version), 0));

  SELECT count(*) INTO v_conflicting
  FROM tasker.templates t JOIN tasker.tasks k ON k.template_id = t.template_id
  WHERE t.namespace = p_namespace AND t.name = p_name AND t.version = p_version
    AND t.content_hash <> p_content_hash AND k.status IN (0, 1);
  IF v_conflicting > 0 THEN
    RETURN QUERY SELECT NULL::integer, v_conflicting;
    RETURN;
  END IF;

  SELECT t.template_id INTO v_id
  FROM tasker.templates t
  WHERE t.namespace = p_namespace AND t.name = p_name AND t.version = p_version AND t.content_hash = p_content_hash;

  IF v_id IS NULL THEN
    INSERT INTO tasker.templates (namespace, name, version, content_hash, definition, sink_count, registered_at)
    SELECT p_namespace, p_name, p_version, p_content_hash, p_definition,
           count(*) FILTER (WHERE json_array_length(s.step -> 'dependents') = 0), tasker.current_time()
    FROM json_array_elements(p_steps) AS s (step)
    RETURNING templates.template_id INTO v_id;

    INSERT INTO tasker.template_steps (template_id, step_index, name, dependencies, dependents)
    SELECT v_id, s.n - 1, s.step ->> 'name',
           ARRAY(SELECT d::smallint FROM json_array_elements_text(s.step -> 'dependencies') d),
           ARRAY(SELECT d::smallint FROM json_array_elements_text(s.step -> 'dependents') d)
    FROM json_array_elements(p_steps) WITH ORDINALITY AS s (step, n);
  END IF;

  RETURN QUERY SELECT v_id, NULL::bigint;
END
$$;
