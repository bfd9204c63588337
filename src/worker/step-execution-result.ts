import { recogniseAcrossCopies } from '../copies/index.js';
import type { JsonObject } from '../engine/index.js';

/** A step that did its work. `metadata` is kept beside the result, for people and tools. */
export class StepSuccess<Result = unknown> {
  static {
    recogniseAcrossCopies(this, 'StepSuccess');
  }

  readonly success = true;

  constructor(
    readonly result: Result,
    readonly metadata: JsonObject = {},
  ) {}
}

export interface StepFailureOptions {
  readonly message: string;
  /** Stable, for programs; `HANDLER_ERROR` where left out. */
  readonly errorCode?: string;
  readonly errorType?: string;
  /** Whether trying again may help; true where left out. The template has the last word on how often. */
  readonly retryable?: boolean;
  /** When to try again, instead of the template's backoff. */
  readonly retryAfterSeconds?: number;
  readonly statusCode?: number;
  /** Whatever helps to understand it later. */
  readonly context?: JsonObject;
}

/** A step that could not do its work. */
export class StepFailure {
  static {
    recogniseAcrossCopies(this, 'StepFailure');
  }

  readonly success = false;

  constructor(readonly options: StepFailureOptions) {}
}

/**
 * What a handler may answer with instead of a plain value, when it has something to say about it:
 *
 *     return StepExecutionResult.success(36, { operation: 'square' });
 *     return StepExecutionResult.failure({ message: 'No stock', errorCode: 'INSUFFICIENT_STOCK', retryable: true });
 */
export type StepExecutionResult<Result = unknown> = StepSuccess<Result> | StepFailure;

export const StepExecutionResult = {
  success<Result>(result: Result, metadata?: JsonObject): StepSuccess<Result> {
    return new StepSuccess(result, metadata);
  },

  failure(options: StepFailureOptions): StepFailure {
    return new StepFailure(options);
  },
};
