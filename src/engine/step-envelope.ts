import type { FailureDetail } from './claim.types.js';
import type { JsonObject, JsonValue } from './json.types.js';
import type { StepExecutionEnvelope } from './task.types.js';

/** What is stored of how a step last ended. */
export interface StoredEnding {
  readonly stepUuid: string;
  readonly succeeded: boolean;
  readonly result: JsonValue;
  readonly recordedAt: Date;
  readonly startedAt: Date | null;
  readonly workerName: string | null;
  readonly workerHostname: string | null;
  readonly metadata: JsonObject | null;
  readonly failure: FailureDetail | null;
  readonly retry: { readonly backoff: string; readonly delayMs: number } | null;
}

/** Builds Tasker's `StepExecutionResult`, of which only what can't be derived is stored. */
export function stepEnvelope(ending: StoredEnding): StepExecutionEnvelope {
  const { failure, retry } = ending;
  const retryable = failure?.retryable ?? false;
  return {
    step_uuid: ending.stepUuid,
    success: ending.succeeded,
    result: ending.result,
    metadata: {
      execution_time_ms:
        ending.startedAt === null ? 0 : Math.max(0, ending.recordedAt.getTime() - ending.startedAt.getTime()),
      handler_version: null,
      retryable,
      completed_at: ending.recordedAt.toISOString(),
      worker_id: ending.workerName,
      worker_hostname: ending.workerHostname,
      started_at: ending.startedAt?.toISOString() ?? null,
      custom: ending.metadata ?? {},
      error_code: failure?.error_code ?? null,
      error_type: failure?.error_type ?? null,
      context: failure?.context ?? {},
    },
    status: ending.succeeded ? 'completed' : retryable ? 'failed' : 'error',
    error:
      failure === null
        ? null
        : {
            message: failure.message,
            error_type: failure.error_type,
            backtrace: failure.backtrace ?? [],
            retryable,
            status_code: failure.status_code ?? null,
            context: failure.context ?? {},
          },
    orchestration_metadata: {
      headers: {},
      error_context: failure?.message ?? null,
      backoff_hint:
        retry === null
          ? null
          : { backoff_type: retry.backoff, delay_seconds: retry.delayMs / 1000, context: null },
      custom: {},
    },
  };
}
