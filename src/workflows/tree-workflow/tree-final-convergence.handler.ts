import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { multiply, square } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';
import type {
  HierarchicalTreeContext,
  TreeFinalConvergenceDependencies,
  TreeFinalConvergenceResult,
} from './hierarchical-tree.types.js';

const EARLIER_STEPS = [
  'tree_root',
  'tree_branch_left',
  'tree_branch_right',
  'tree_leaf_d',
  'tree_leaf_e',
  'tree_leaf_f',
  'tree_leaf_g',
];

/** Squares the product of all four leaves, and sums the workflow up. */
@StepHandler('tree_final_convergence')
export class TreeFinalConvergenceHandler implements StepHandlerContract<
  HierarchicalTreeContext,
  TreeFinalConvergenceResult,
  TreeFinalConvergenceDependencies
> {
  async call(
    step: TaskSequenceStep<HierarchicalTreeContext, TreeFinalConvergenceDependencies>,
  ): Promise<StepExecutionResult<TreeFinalConvergenceResult>> {
    const product = multiply(
      step.dependency('tree_leaf_d'),
      step.dependency('tree_leaf_e'),
      step.dependency('tree_leaf_f'),
      step.dependency('tree_leaf_g'),
    );
    const result = square(product);
    return StepExecutionResult.success(result, {
      operation: 'multiply_and_square',
      step_type: 'final',
      input_refs: {
        tree_leaf_d: 'dependencies.tree_leaf_d',
        tree_leaf_e: 'dependencies.tree_leaf_e',
        tree_leaf_f: 'dependencies.tree_leaf_f',
        tree_leaf_g: 'dependencies.tree_leaf_g',
      },
      workflow_summary: await workflowSummary(step, EARLIER_STEPS, result),
    });
  }
}
