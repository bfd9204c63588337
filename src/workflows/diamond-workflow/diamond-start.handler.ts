import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { evenNumberOf } from '../even-number.reader.js';
import { square } from '../exact-arithmetic.js';
import type {
  DiamondPatternContext,
  DiamondStartDependencies,
  DiamondStartResult,
} from './diamond-pattern.types.js';

/** Squares the task's number. */
@StepHandler('diamond_start')
export class DiamondStartHandler implements StepHandlerContract<
  DiamondPatternContext,
  DiamondStartResult,
  DiamondStartDependencies
> {
  call(
    step: TaskSequenceStep<DiamondPatternContext, DiamondStartDependencies>,
  ): StepExecutionResult<DiamondStartResult> {
    return StepExecutionResult.success(square(evenNumberOf(step.context)), {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}
