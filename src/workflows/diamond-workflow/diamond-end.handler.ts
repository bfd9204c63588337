import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { multiply, square } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';
import type {
  DiamondEndDependencies,
  DiamondEndResult,
  DiamondPatternContext,
} from './diamond-pattern.types.js';

const EARLIER_STEPS = ['diamond_start', 'diamond_branch_b', 'diamond_branch_c'];

/** Runs once, after both branches: squares their product, and sums the workflow up. */
@StepHandler('diamond_end')
export class DiamondEndHandler implements StepHandlerContract<
  DiamondPatternContext,
  DiamondEndResult,
  DiamondEndDependencies
> {
  async call(
    step: TaskSequenceStep<DiamondPatternContext, DiamondEndDependencies>,
  ): Promise<StepExecutionResult<DiamondEndResult>> {
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
