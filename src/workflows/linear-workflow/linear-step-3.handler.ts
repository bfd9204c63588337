import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { multiply } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import { numberSetting } from './number-setting.js';

interface Dependencies {
  readonly linear_step_2: ExactNumber;
}

/** Multiplies the sum by the template's factor. */
@StepHandler('linear_step_3')
export class LinearStep3Handler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    const factor = numberSetting(step.initialization, 'factor');
    return StepExecutionResult.success(multiply(step.dependency('linear_step_2'), factor), {
      operation: 'multiply',
      factor,
      step_type: 'intermediate',
      input_refs: { linear_step_2: 'dependencies.linear_step_2' },
    });
  }
}
