import { recogniseAcrossCopies } from '../copies/index.js';
import { TaskerError } from '../engine/index.js';
import type { JsonObject } from '../engine/index.js';
import { didYouMean } from '../spelling/index.js';
import type { StepFailureOptions } from './step-execution-result.js';

export type StepErrorOptions = Omit<StepFailureOptions, 'message' | 'retryable'>;

/** Thrown by a handler: the step has failed for good, trying again will not help. */
export class PermanentStepError extends TaskerError {
  static {
    recogniseAcrossCopies(this, 'PermanentStepError');
  }

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
  static {
    recogniseAcrossCopies(this, 'RetryableStepError');
  }

  readonly code: string;

  constructor(
    message: string,
    readonly options: StepErrorOptions = {},
  ) {
    super(message);
    this.code = options.errorCode ?? 'RETRYABLE_ERROR';
  }
}

/** Whether what a handler threw says whether the step is to run again. */
export function isClassified(thrown: unknown): boolean {
  return thrown instanceof PermanentStepError || thrown instanceof RetryableStepError;
}

/** A step that the handler counts on has no result: it is not a dependency, or was resolved by hand without one. */
export class MissingDependencyError extends PermanentStepError {
  /** @param reason the message, if the handler has a better one */
  constructor(
    stepName: string,
    context: JsonObject = {},
    reason: string = `There is no result of step "${stepName}"`,
  ) {
    super(reason, {
      errorCode: 'MISSING_DEPENDENCY',
      errorType: 'DependencyError',
      context: { ...context, dependency: stepName },
    });
  }

  /** The step exists, and was resolved by hand. */
  static withoutResult(stepName: string): MissingDependencyError {
    return new MissingDependencyError(
      stepName,
      {},
      `There is no result of step "${stepName}": it was resolved by hand. Complete this step by hand, or let its handler read dependencyResults, which leaves such a step out`,
    );
  }

  /** @param parents the steps that the step `dependent` depends on */
  static notAParent(stepName: string, dependent: string, parents: readonly string[]): MissingDependencyError {
    const known = parents.length === 0 ? 'nothing' : parents.map((name) => `"${name}"`).join(', ');
    const advice =
      didYouMean(stepName, parents) ||
      ": name it in the step's dependencies, or read it with step.result(name)";
    return new MissingDependencyError(
      stepName,
      {},
      `Step "${dependent}" does not depend on "${stepName}" (it depends on ${known})${advice}`,
    );
  }
}

/** A handler asked of its transaction's client what is the engine's to do: to commit, or to give the connection back. */
export class TransactionMisuseError extends PermanentStepError {
  constructor(message: string) {
    super(message, { errorCode: 'TRANSACTION_MISUSE', errorType: 'TransactionError' });
  }
}

/** A handler has ended its step's transaction itself, past what is refused: the step can't be recorded together with its work. */
export class TransactionEndedError extends PermanentStepError {
  /** @param failure why the step failed, if it did */
  constructor(failure?: string) {
    super(
      `The transaction of step.transaction was ended by the handler: what it wrote may be committed without the step. Leave COMMIT and ROLLBACK to the engine${failure === undefined ? '' : `; the step failed with: ${failure}`}`,
      { errorCode: 'TRANSACTION_ENDED', errorType: 'TransactionError' },
    );
  }
}

/** Why an attempt's `AbortSignal` fired. */
export class StepAbortedError extends TaskerError {
  static {
    recogniseAcrossCopies(this, 'StepAbortedError');
  }

  readonly code: 'TIMEOUT' | 'LEASE_LOST' | 'SHUTDOWN';

  constructor(code: StepAbortedError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
