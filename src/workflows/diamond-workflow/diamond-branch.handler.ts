import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type {
  DiamondBranchBDependencies,
  DiamondBranchBResult,
  DiamondBranchCDependencies,
  DiamondBranchCResult,
  DiamondPatternContext,
} from './diamond-pattern.types.js';

/** Both branches of the diamond do the same: they square the start. One handler serves both steps. */
@StepHandler('diamond_branch_b', 'diamond_branch_c')
export class DiamondBranchHandler
  implements
    StepHandlerContract<DiamondPatternContext, DiamondBranchBResult, DiamondBranchBDependencies>,
    StepHandlerContract<DiamondPatternContext, DiamondBranchCResult, DiamondBranchCDependencies>
{
  call(
    step: TaskSequenceStep<DiamondPatternContext, DiamondBranchBDependencies | DiamondBranchCDependencies>,
  ): StepExecutionResult<DiamondBranchBResult & DiamondBranchCResult> {
    return StepExecutionResult.success(square(step.dependency('diamond_start')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { diamond_start: 'dependencies.diamond_start' },
    });
  }
}
