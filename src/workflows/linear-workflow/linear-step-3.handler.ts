import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { multiply } from '../exact-arithmetic.js';
import type {
  LinearStep3Dependencies,
  LinearStep3Result,
  MathematicalSequenceContext,
} from './mathematical-sequence.types.js';
import { numberSetting } from './number-setting.js';

/** Multiplies the sum by the template's factor. */
@StepHandler('linear_step_3')
export class LinearStep3Handler implements StepHandlerContract<
  MathematicalSequenceContext,
  LinearStep3Result,
  LinearStep3Dependencies
> {
  call(
    step: TaskSequenceStep<MathematicalSequenceContext, LinearStep3Dependencies>,
  ): StepExecutionResult<LinearStep3Result> {
    const factor = numberSetting(step.initialization, 'factor');
    return StepExecutionResult.success(multiply(step.dependency('linear_step_2'), factor), {
      operation: 'multiply',
      factor,
      step_type: 'intermediate',
      input_refs: { linear_step_2: 'dependencies.linear_step_2' },
    });
  }
}
