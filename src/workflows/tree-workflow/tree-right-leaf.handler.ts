import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type {
  HierarchicalTreeContext,
  TreeLeafFDependencies,
  TreeLeafFResult,
  TreeLeafGDependencies,
  TreeLeafGResult,
} from './hierarchical-tree.types.js';

/** The leaves of the right branch square it. */
@StepHandler('tree_leaf_f', 'tree_leaf_g')
export class TreeRightLeafHandler
  implements
    StepHandlerContract<HierarchicalTreeContext, TreeLeafFResult, TreeLeafFDependencies>,
    StepHandlerContract<HierarchicalTreeContext, TreeLeafGResult, TreeLeafGDependencies>
{
  call(
    step: TaskSequenceStep<HierarchicalTreeContext, TreeLeafFDependencies | TreeLeafGDependencies>,
  ): StepExecutionResult<TreeLeafFResult & TreeLeafGResult> {
    return StepExecutionResult.success(square(step.dependency('tree_branch_right')), {
      operation: 'square',
      step_type: 'leaf',
      input_refs: { tree_branch_right: 'dependencies.tree_branch_right' },
    });
  }
}
