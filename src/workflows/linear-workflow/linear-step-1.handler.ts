import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { evenNumberOf } from '../even-number.reader.js';
import { square } from '../exact-arithmetic.js';
import type {
  LinearStep1Dependencies,
  LinearStep1Result,
  MathematicalSequenceContext,
} from './mathematical-sequence.types.js';

/** Squares the task's number. */
@StepHandler('linear_step_1')
export class LinearStep1Handler implements StepHandlerContract<
  MathematicalSequenceContext,
  LinearStep1Result,
  LinearStep1Dependencies
> {
  call(
    step: TaskSequenceStep<MathematicalSequenceContext, LinearStep1Dependencies>,
  ): StepExecutionResult<LinearStep1Result> {
    return StepExecutionResult.success(square(evenNumberOf(step.context)), {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}
