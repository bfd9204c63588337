import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { add } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import { numberSetting } from './number-setting.js';

interface Dependencies {
  readonly linear_step_1: ExactNumber;
}

/** Adds the template's constant to the square. */
@StepHandler('linear_step_2')
export class LinearStep2Handler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    const constant = numberSetting(step.initialization, 'constant');
    return StepExecutionResult.success(add(step.dependency('linear_step_1'), constant), {
      operation: 'add',
      constant,
      step_type: 'intermediate',
      input_refs: { linear_step_1: 'dependencies.linear_step_1' },
    });
  }
}
