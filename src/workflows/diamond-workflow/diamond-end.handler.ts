import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { multiply, square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';

interface Dependencies {
  readonly diamond_branch_b: ExactNumber;
  readonly diamond_branch_c: ExactNumber;
}

const EARLIER_STEPS = ['diamond_start', 'diamond_branch_b', 'diamond_branch_c'];

/** Runs once, after both branches: squares their product, and sums the workflow up. */
@StepHandler('diamond_end')
export class DiamondEndHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  async call(
    step: TaskSequenceStep<EvenNumberContext, Dependencies>,
  ): Promise<StepExecutionResult<ExactNumber>> {
    const product = multiply(step.dependency('diamond_branch_b'), step.dependency('diamond_branch_c'));
    const result = square(product);
    return StepExecutionResult.success(result, {
      operation: 'multiply_and_square',
      step_type: 'final',
      input_refs: {
        diamond_branch_b: 'dependencies.diamond_branch_b',
        diamond_branch_c: 'dependencies.diamond_branch_c',
      },
      workflow_summary: await workflowSummary(step, EARLIER_STEPS, result),
    });
  }
}
