import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly tree_branch_left: ExactNumber;
}

/** The leaves of the left branch square it. */
@StepHandler('tree_leaf_d', 'tree_leaf_e')
export class TreeLeftLeafHandler implements StepHandlerContract<
  EvenNumberContext,
  ExactNumber,
  Dependencies
> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('tree_branch_left')), {
      operation: 'square',
      step_type: 'leaf',
      input_refs: { tree_branch_left: 'dependencies.tree_branch_left' },
    });
  }
}
