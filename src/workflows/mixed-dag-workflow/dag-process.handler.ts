import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly dag_init: ExactNumber;
}

/** Both sides square the start. */
@StepHandler('dag_process_left', 'dag_process_right')
export class DagProcessHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('dag_init')), {
      operation: 'square',
      step_type: 'branch',
      input_refs: { dag_init: 'dependencies.dag_init' },
    });
  }
}
