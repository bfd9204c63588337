import type { JsonValue } from '../../engine/index.js';
import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { divide } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import type { LinearContext } from './linear-workflow.types.js';
import { numberSetting } from './number-setting.js';

interface Dependencies {
  readonly linear_step_3: ExactNumber;
}

/** Divides the product by the template's divisor, and sums the workflow up. */
@StepHandler('linear_step_4')
export class LinearStep4Handler implements StepHandlerContract<LinearContext, ExactNumber, Dependencies> {
  async call(step: TaskSequenceStep<LinearContext, Dependencies>): Promise<StepExecutionResult<ExactNumber>> {
    const divisor = numberSetting(step.initialization, 'divisor');
    const result = divide(step.dependency('linear_step_3'), divisor);
    return StepExecutionResult.success(result, {
      operation: 'divide',
      divisor,
      step_type: 'final',
      input_refs: { linear_step_3: 'dependencies.linear_step_3' },
      workflow_summary: {
        final_result: result,
        step_progression: await this.progression(step, result),
        total_steps_executed: 4,
      },
    });
  }

  /** Direct parents come with the step; farther ancestors are read when they are asked for. */
  private async progression(
    step: TaskSequenceStep<LinearContext, Dependencies>,
    result: ExactNumber,
  ): Promise<JsonValue> {
    const [first, second] = await Promise.all([step.result('linear_step_1'), step.result('linear_step_2')]);
    return {
      linear_step_1: first ?? null,
      linear_step_2: second ?? null,
      linear_step_3: step.dependency('linear_step_3'),
      linear_step_4: result,
    };
  }
}
