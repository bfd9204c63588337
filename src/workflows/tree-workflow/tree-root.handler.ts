import { StepExecutionResult, StepHandler } from '../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../worker/index.js';
import { evenNumberOf } from '../even-number.reader.js';
import { square } from '../exact-arithmetic.js';
import type {
  HierarchicalTreeContext,
  TreeRootDependencies,
  TreeRootResult,
} from './hierarchical-tree.types.js';

/** Squares the task's number. */
@StepHandler('tree_root')
export class TreeRootHandler implements StepHandlerContract<
  HierarchicalTreeContext,
  TreeRootResult,
  TreeRootDependencies
> {
  call(
    step: TaskSequenceStep<HierarchicalTreeContext, TreeRootDependencies>,
  ): StepExecutionResult<TreeRootResult> {
    return StepExecutionResult.success(square(evenNumberOf(step.context)), {
      operation: 'square',
      step_type: 'initial',
      input_refs: { even_number: 'context.even_number' },
    });
  }
}
