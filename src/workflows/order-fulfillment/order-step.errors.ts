import type { JsonObject } from '../../engine/index.js';
import { PermanentStepError } from '../../worker/index.js';
import type { TaskSequenceStep } from '../../worker/index.js';

/** The order itself is wrong: trying again will not help. */
export class OrderValidationError extends PermanentStepError {
  constructor(errorCode: string, message: string, context: JsonObject = {}) {
    super(message, { errorCode, errorType: 'ValidationError', context });
  }
}

/** An earlier step has no result, or not what is needed of it: it was resolved or completed by hand. */
export class MissingDependencyResultsError extends PermanentStepError {
  constructor(stepName: string, missing = 'result') {
    super(`Step "${stepName}" has no ${missing}`, {
      errorCode: 'MISSING_DEPENDENCY_RESULTS',
      errorType: 'DependencyError',
      context: { dependency: stepName, missing },
    });
  }
}

/** As `step.dependency(name)`, with the error that orders have for it. */
export function dependencyResult<Dependencies extends object, Name extends keyof Dependencies & string>(
  step: Pick<TaskSequenceStep<JsonObject, Dependencies>, 'dependencyResults'>,
  name: Name,
): Dependencies[Name] {
  const result: Dependencies[Name] | undefined = step.dependencyResults[name];
  if (result === undefined || result === null) throw new MissingDependencyResultsError(name);
  return result;
}
