import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { square } from '../exact-arithmetic.js';
import type { ComplexDagContext, DagAnalyzeDependencies, DagAnalyzeResult } from './complex-dag.types.js';

/** Squares the right side; does not wait for the left one. */
@StepHandler('dag_analyze')
export class DagAnalyzeHandler implements StepHandlerContract<
  ComplexDagContext,
  DagAnalyzeResult,
  DagAnalyzeDependencies
> {
  call(
    step: TaskSequenceStep<ComplexDagContext, DagAnalyzeDependencies>,
  ): StepExecutionResult<DagAnalyzeResult> {
    return StepExecutionResult.success(square(step.dependency('dag_process_right')), {
      operation: 'square',
      step_type: 'intermediate',
      input_refs: { dag_process_right: 'dependencies.dag_process_right' },
    });
  }
}
