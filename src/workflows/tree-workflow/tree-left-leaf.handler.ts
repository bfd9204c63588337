import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type {
  HierarchicalTreeContext,
  TreeLeafDDependencies,
  TreeLeafDResult,
  TreeLeafEDependencies,
  TreeLeafEResult,
} from './hierarchical-tree.types.js';

/** The leaves of the left branch square it. */
@StepHandler('tree_leaf_d', 'tree_leaf_e')
export class TreeLeftLeafHandler
  implements
    StepHandlerContract<HierarchicalTreeContext, TreeLeafDResult, TreeLeafDDependencies>,
    StepHandlerContract<HierarchicalTreeContext, TreeLeafEResult, TreeLeafEDependencies>
{
  call(
    step: TaskSequenceStep<HierarchicalTreeContext, TreeLeafDDependencies | TreeLeafEDependencies>,
  ): StepExecutionResult<TreeLeafDResult & TreeLeafEResult> {
    return StepExecutionResult.success(square(step.dependency('tree_branch_left')), {
      operation: 'square',
      step_type: 'leaf',
      input_refs: { tree_branch_left: 'dependencies.tree_branch_left' },
    });
  }
}
