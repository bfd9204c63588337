import type { JsonObject, JsonValue } from '../engine/index.js';
import type { StepExecutionResult } from './step-execution-result.js';
import type { TaskSequenceStep } from './task-sequence-step.js';

/**
 * What a class under `@StepHandler` implements. It answers with a JSON value, with a `StepExecutionResult`, or throws:
 * `PermanentStepError` and `RetryableStepError` say what is to happen, any other error is a retryable `HANDLER_ERROR`.
 *
 * A handler may run more than once for one step; its answer is recorded once.
 */
export interface StepHandlerContract<
  Context = JsonObject,
  Result = JsonValue,
  Dependencies extends object = Readonly<Record<string, JsonValue>>,
> {
  call(
    step: TaskSequenceStep<Context, Dependencies>,
  ): Promise<StepExecutionResult<Result> | Result> | StepExecutionResult<Result> | Result;
}
