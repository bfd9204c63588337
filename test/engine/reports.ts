import type { AttemptKey, JsonObject, JsonValue } from '../../src/engine/index.js';

/** How an attempt ended, as `tasker.complete_steps` takes it. */
export interface Report extends AttemptKey {
  readonly succeeded: boolean;
  readonly json: string;
  readonly metadata: string;
}

/** How a failure may be retried; what a test leaves out allows three attempts without a pause. */
export interface RetryTerms {
  readonly retryable: boolean;
  readonly max_attempts: number;
  readonly backoff: string;
  readonly base_ms: number;
  readonly cap_ms: number;
  readonly jitter: boolean;
  readonly after_ms: number | null;
}

const THREE_AT_ONCE: RetryTerms = {
  retryable: true,
  max_attempts: 3,
  backoff: 'none',
  base_ms: 0,
  cap_ms: 60_000,
  jitter: false,
  after_ms: null,
};

export function succeeded(
  attempt: AttemptKey,
  result: JsonValue = null,
  metadata: JsonObject | null = null,
): Report {
  return {
    ...keyOf(attempt),
    succeeded: true,
    json: JSON.stringify(result),
    metadata: JSON.stringify(metadata),
  };
}

export function failed(attempt: AttemptKey, retry: Partial<RetryTerms> = {}, message = 'it failed'): Report {
  const error = {
    message,
    error_code: 'HANDLER_ERROR',
    error_type: 'Error',
    retryable: retry.retryable ?? true,
  };
  return {
    ...keyOf(attempt),
    succeeded: false,
    json: JSON.stringify({ error, retry: { ...THREE_AT_ONCE, ...retry } }),
    metadata: 'null',
  };
}

/** A failure that no retry follows. */
export function failedForGood(attempt: AttemptKey): Report {
  return failed(attempt, { retryable: false });
}

function keyOf({ taskUuid, stepIndex, token }: AttemptKey): AttemptKey {
  return { taskUuid, stepIndex, token };
}
