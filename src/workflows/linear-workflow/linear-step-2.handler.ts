import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { add } from '../exact-arithmetic.js';
import type {
  LinearStep2Dependencies,
  LinearStep2Result,
  MathematicalSequenceContext,
} from './mathematical-sequence.types.js';
import { numberSetting } from './number-setting.js';

/** Adds the template's constant to the square. */
@StepHandler('linear_step_2')
export class LinearStep2Handler implements StepHandlerContract<
  MathematicalSequenceContext,
  LinearStep2Result,
  LinearStep2Dependencies
> {
  call(
    step: TaskSequenceStep<MathematicalSequenceContext, LinearStep2Dependencies>,
  ): StepExecutionResult<LinearStep2Result> {
    const constant = numberSetting(step.initialization, 'constant');
    return StepExecutionResult.success(add(step.dependency('linear_step_1'), constant), {
      operation: 'add',
      constant,
      step_type: 'intermediate',
      input_refs: { linear_step_1: 'dependencies.linear_step_1' },
    });
  }
}
