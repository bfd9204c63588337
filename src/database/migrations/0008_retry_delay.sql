-- How long a step waits after its p_failures-th failure (1 for the first), in milliseconds: the backoff, then the cap,
-- then full jitter. p_backoff is none, linear, exponential or fibonacci.
CREATE FUNCTION tasker.retry_delay_ms(
  p_backoff text,
  p_base_ms bigint,
  p_cap_ms bigint,
  p_failures integer,
  p_jitter boolean
) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
AS $$
DECLARE
  v_delay numeric;
  v_previous numeric := 0;
  v_current numeric := 1;
BEGIN
  CASE p_backoff
    WHEN 'none' THEN
      v_delay := 0;
    WHEN 'linear' THEN
      v_delay := p_base_ms::numeric * p_failures;
    WHEN 'exponential' THEN
      -- 2^62 is past every cap that a template may give.
      v_delay := p_base_ms::numeric * (2::numeric ^ least(p_failures - 1, 62));
    WHEN 'fibonacci' THEN
      FOR i IN 2 .. least(p_failures, 90) LOOP
        SELECT v_current, v_previous + v_current INTO v_previous, v_current;
      END LOOP;
      v_delay := p_base_ms * v_current;
    ELSE
      RAISE EXCEPTION 'unknown backoff "%": expected none, linear, exponential or fibonacci', p_backoff
        USING ERRCODE = 'invalid_parameter_value';
  END CASE;
  v_delay := least(v_delay, p_cap_ms);
  v_delay := greatest(v_delay, 0);
  RETURN floor(CASE WHEN p_jitter THEN v_delay * random()::numeric ELSE v_delay END)::bigint;
END
$$;
