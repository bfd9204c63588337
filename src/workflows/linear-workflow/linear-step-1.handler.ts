import { PermanentStepError, StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import type { LinearContext } from './linear-workflow.types.js';

/** Squares the task's number. */
@StepHandler('linear_step_1')
export class LinearStep1Handler implements StepHandlerContract<LinearContext, ExactNumber> {
  call(step: TaskSequenceStep<LinearContext>): StepExecutionResult<ExactNumber> {
    const result = square(evenNumberOf(step.context));
    return StepExecutionResult.success(result, {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}

/** The template's `input_schema` says the same; a task may have come in by another way. */
function evenNumberOf({ even_number: value }: Partial<LinearContext>): number {
  if (typeof value !== 'number') {
    throw new PermanentStepError('The context has no number "even_number"', {
      errorCode: 'MISSING_CONTEXT_FIELD',
      errorType: 'ValidationError',
    });
  }
  if (value % 2 !== 0) {
    throw new PermanentStepError('Number must be even', {
      errorCode: 'VALIDATION_ERROR',
      errorType: 'ValidationError',
      context: { even_number: value },
    });
  }
  return value;
}
