import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { divide } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';
import { numberSetting } from './number-setting.js';

interface Dependencies {
  readonly linear_step_3: ExactNumber;
}

const EARLIER_STEPS = ['linear_step_1', 'linear_step_2', 'linear_step_3'];

/** Divides the product by the template's divisor, and sums the workflow up. */
@StepHandler('linear_step_4')
export class LinearStep4Handler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  async call(
    step: TaskSequenceStep<EvenNumberContext, Dependencies>,
  ): Promise<StepExecutionResult<ExactNumber>> {
    const divisor = numberSetting(step.initialization, 'divisor');
    const result = divide(step.dependency('linear_step_3'), divisor);
    return StepExecutionResult.success(result, {
      operation: 'divide',
      divisor,
      step_type: 'final',
      input_refs: { linear_step_3: 'dependencies.linear_step_3' },
      workflow_summary: await workflowSummary(step, EARLIER_STEPS, result),
    });
  }
}
