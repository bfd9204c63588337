import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { divide } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';
import type {
  LinearStep4Dependencies,
  LinearStep4Result,
  MathematicalSequenceContext,
} from './mathematical-sequence.types.js';
import { numberSetting } from './number-setting.js';

const EARLIER_STEPS = ['linear_step_1', 'linear_step_2', 'linear_step_3'];

/** Divides the product by the template's divisor, and sums the workflow up. */
@StepHandler('linear_step_4')
export class LinearStep4Handler implements StepHandlerContract<
  MathematicalSequenceContext,
  LinearStep4Result,
  LinearStep4Dependencies
> {
  async call(
    step: TaskSequenceStep<MathematicalSequenceContext, LinearStep4Dependencies>,
  ): Promise<StepExecutionResult<LinearStep4Result>> {
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
