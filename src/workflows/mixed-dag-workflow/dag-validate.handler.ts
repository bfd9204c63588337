import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { multiply, square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';

interface Dependencies {
  readonly dag_process_left: ExactNumber;
  readonly dag_process_right: ExactNumber;
}

/** Squares the product of both sides. */
@StepHandler('dag_validate')
export class DagValidateHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  call(step: TaskSequenceStep<EvenNumberContext, Dependencies>): StepExecutionResult<ExactNumber> {
    const product = multiply(step.dependency('dag_process_left'), step.dependency('dag_process_right'));
    return StepExecutionResult.success(square(product), {
      operation: 'multiply_and_square',
      step_type: 'convergence',
      input_refs: {
        dag_process_left: 'dependencies.dag_process_left',
        dag_process_right: 'dependencies.dag_process_right',
      },
    });
  }
}
