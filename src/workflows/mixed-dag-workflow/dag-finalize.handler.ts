import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import type { EvenNumberContext } from '../even-number.context.js';
import { multiply, square } from '../exact-arithmetic.js';
import type { ExactNumber } from '../exact-arithmetic.js';
import { workflowSummary } from '../workflow-summary.js';

interface Dependencies {
  readonly dag_validate: ExactNumber;
  readonly dag_transform: ExactNumber;
  readonly dag_analyze: ExactNumber;
}

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
export class DagFinalizeHandler implements StepHandlerContract<EvenNumberContext, ExactNumber, Dependencies> {
  async call(
    step: TaskSequenceStep<EvenNumberContext, Dependencies>,
  ): Promise<StepExecutionResult<ExactNumber>> {
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
