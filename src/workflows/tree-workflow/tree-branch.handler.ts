import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly tree_root: ExactNumber;
}

/** Both branches square the root. */
@StepHandler('tree_branch_left', 'tree_branch_right')
export class TreeBranchHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('tree_root')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { tree_root: 'dependencies.tree_root' },
    });
  }
}
