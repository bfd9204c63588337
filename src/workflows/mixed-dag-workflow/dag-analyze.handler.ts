import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly dag_process_right: ExactNumber;
}

/** Squares the right side; does not wait for the left one. */
@StepHandler('dag_analyze')
export class DagAnalyzeHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('dag_process_right')), {
      operation: 'square',
      step_type: 'intermediate',
      input_refs: { dag_process_right: 'dependencies.dag_process_right' },
    });
  }
}
