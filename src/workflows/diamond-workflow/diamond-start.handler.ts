import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { evenNumberOf } from '../even-number.context.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

/** Squares the task's number. */
@StepHandler('diamond_start')
export class DiamondStartHandler implements StepHandlerContract<EvenNumberContext, ExactNumber> {
  call(step: TaskSequenceStep<EvenNumberContext>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(evenNumberOf(step.context)), {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}
