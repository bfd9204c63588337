import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly diamond_start: ExactNumber;
}

/** Both branches of the diamond do the same: they square the start. One handler serves both steps. */
@StepHandler('diamond_branch_b', 'diamond_branch_c')
export class DiamondBranchHandler implements StepHandlerContract<
  EvenNumberContext,
  ExactNumber,
  Dependencies
> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('diamond_start')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { diamond_start: 'dependencies.diamond_start' },
    });
  }
}
