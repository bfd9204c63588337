import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { multiply, square } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';
import type { ComplexDagContext, DagFinalizeDependencies, DagFinalizeResult } from './complex-dag.types.js';

const EARLIER_STEPS = [
  'dag_init',
  'dag_process_left',
  'dag_process_right',
  'dag_validate',
  'dag_transform',
  'dag_analyze',
];

/** Squares the product of its three parents, and sums the workflow up. */
@StepHandler('dag_finalize')
export class DagFinalizeHandler implements StepHandlerContract<
  ComplexDagContext,
  DagFinalizeResult,
  DagFinalizeDependencies
> {
  async call(
    step: TaskSequenceStep<ComplexDagContext, DagFinalizeDependencies>,
  ): Promise<StepExecutionResult<DagFinalizeResult>> {
    const product = multiply(
      step.dependency('dag_validate'),
      step.dependency('dag_transform'),
      step.dependency('dag_analyze'),
    );
    const result = square(product);
    return StepExecutionResult.success(result, {
      operation: 'multiply_and_square',
      step_type: 'final',
      input_refs: {
        dag_validate: 'dependencies.dag_validate',
        dag_transform: 'dependencies.dag_transform',
        dag_analyze: 'dependencies.dag_analyze',
      },
      workflow_summary: await workflowSummary(step, EARLIER_STEPS, result),
    });
  }
}
