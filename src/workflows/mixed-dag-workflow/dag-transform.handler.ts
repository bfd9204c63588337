import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly dag_process_left: ExactNumber;
}

/** Squares the left side; does not wait for the right one. */
@StepHandler('dag_transform')
export class DagTransformHandler implements StepHandlerContract<
  EvenNumberContext,
  ExactNumber,
  Dependencies
> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    return StepExecutionResult.success(square(step.dependency('dag_process_left')), {
      operation: 'square',
      step_type: 'intermediate',
      input_refs: { dag_process_left: 'dependencies.dag_process_left' },
    });
  }
}
