import { TaskerError } from '../engine/index.js';
import type { JsonObject } from '../engine/index.js';
import type { StepFailureOptions } from './step-execution-result.js';

export type StepErrorOptions = Omit<StepFailureOptions, 'message' | 'retryable'>;

/** Thrown by a handler: the step has failed for good, trying again will not help. */
export class PermanentStepError extends TaskerError {
  readonly code: string;

  constructor(
    message: string,
    readonly options: Omit<StepErrorOptions, 'retryAfterSeconds'> = {},
  ) {
    super(message);
    this.code = options.errorCode ?? 'PERMANENT_ERROR';
  }
}

/** Thrown by a handler: the step has failed for now. It runs again by the template's backoff, or after the time given. */
export class RetryableStepError extends TaskerError {
  readonly code: string;

  constructor(
    message: string,
    readonly options: StepErrorOptions = {},
  ) {
    super(message);
    this.code = options.errorCode ?? 'RETRYABLE_ERROR';
  }
}

/** A step that the handler counts on has no result: it is not a dependency, or was resolved by hand without one. */
export class MissingDependencyError extends PermanentStepError {
  constructor(stepName: string, context: JsonObject = {}) {
    super(`There is no result of step "${stepName}"`, {
      errorCode: 'MISSING_DEPENDENCY',
      errorType: 'DependencyError',
      context: { ...context, dependency: stepName },
    });
  }
}

/** Why an attempt's `AbortSignal` fired. */
export class StepAbortedError extends TaskerError {
  readonly code: 'TIMEOUT' | 'LEASE_LOST' | 'SHUTDOWN';

  constructor(code: StepAbortedError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
