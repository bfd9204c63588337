import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type {
  ComplexDagContext,
  DagProcessLeftDependencies,
  DagProcessLeftResult,
  DagProcessRightDependencies,
  DagProcessRightResult,
} from './complex-dag.types.js';

/** Both sides square the start. */
@StepHandler('dag_process_left', 'dag_process_right')
export class DagProcessHandler
  implements
    StepHandlerContract<ComplexDagContext, DagProcessLeftResult, DagProcessLeftDependencies>,
    StepHandlerContract<ComplexDagContext, DagProcessRightResult, DagProcessRightDependencies>
{
  call(
    step: TaskSequenceStep<ComplexDagContext, DagProcessLeftDependencies | DagProcessRightDependencies>,
  ): StepExecutionResult<DagProcessLeftResult & DagProcessRightResult> {
    return StepExecutionResult.success(square(step.dependency('dag_init')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { dag_init: 'dependencies.dag_init' },
    });
  }
}
