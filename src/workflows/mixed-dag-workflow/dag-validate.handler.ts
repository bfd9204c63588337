import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { multiply, square } from '../exact-arithmetic.js';
import type { ComplexDagContext, DagValidateDependencies, DagValidateResult } from './complex-dag.types.js';

/** Squares the product of both sides. */
@StepHandler('dag_validate')
export class DagValidateHandler implements StepHandlerContract<
  ComplexDagContext,
  DagValidateResult,
  DagValidateDependencies
> {
  call(
    step: TaskSequenceStep<ComplexDagContext, DagValidateDependencies>,
  ): StepExecutionResult<DagValidateResult> {
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
