import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { evenNumberOf } from '../even-number.reader.js';
import { square } from '../exact-arithmetic.js';
import type { ComplexDagContext, DagInitDependencies, DagInitResult } from './complex-dag.types.js';

/** Squares the task's number. */
@StepHandler('dag_init')
export class DagInitHandler implements StepHandlerContract<
  ComplexDagContext,
  DagInitResult,
  DagInitDependencies
> {
  call(step: TaskSequenceStep<ComplexDagContext, DagInitDependencies>): StepExecutionResult<DagInitResult> {
    return StepExecutionResult.success(square(evenNumberOf(step.context)), {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}
