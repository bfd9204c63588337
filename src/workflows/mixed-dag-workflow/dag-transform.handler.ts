import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type { ComplexDagContext, DagTransformDependencies, DagTransformResult } from './complex-dag.types.js';

/** Squares the left side; does not wait for the right one. */
@StepHandler('dag_transform')
export class DagTransformHandler implements StepHandlerContract<
  ComplexDagContext,
  DagTransformResult,
  DagTransformDependencies
> {
  call(
    step: TaskSequenceStep<ComplexDagContext, DagTransformDependencies>,
  ): StepExecutionResult<DagTransformResult> {
    return StepExecutionResult.success(square(step.dependency('dag_process_left')), {
      operation: 'square',
      step_type: 'intermediate',
      input_refs: { dag_process_left: 'dependencies.dag_process_left' },
    });
  }
}
