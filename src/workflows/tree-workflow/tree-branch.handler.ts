import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type {
  HierarchicalTreeContext,
  TreeBranchLeftDependencies,
  TreeBranchLeftResult,
  TreeBranchRightDependencies,
  TreeBranchRightResult,
} from './hierarchical-tree.types.js';

/** Both branches square the root. */
@StepHandler('tree_branch_left', 'tree_branch_right')
export class TreeBranchHandler
  implements
    StepHandlerContract<HierarchicalTreeContext, TreeBranchLeftResult, TreeBranchLeftDependencies>,
    StepHandlerContract<HierarchicalTreeContext, TreeBranchRightResult, TreeBranchRightDependencies>
{
  call(
    step: TaskSequenceStep<HierarchicalTreeContext, TreeBranchLeftDependencies | TreeBranchRightDependencies>,
  ): StepExecutionResult<TreeBranchLeftResult & TreeBranchRightResult> {
    return StepExecutionResult.success(square(step.dependency('tree_root')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { tree_root: 'dependencies.tree_root' },
    });
  }
}
