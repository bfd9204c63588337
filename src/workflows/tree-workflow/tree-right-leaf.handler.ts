import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly tree_branch_right: ExactNumber;
}

/** The leaves of the right branch square it. */
@StepHandler('tree_leaf_f', 'tree_leaf_g')
export class TreeRightLeafHandler implements StepHandlerContract<
  EvenNumberContext,
  ExactNumber,
  Dependencies
> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('tree_branch_right')), {
      operation: 'square',
      step_type: 'leaf',
      input_refs: { tree_branch_right: 'dependencies.tree_branch_right' },
    });
  }
}
