import { Module } from '@nestjs/common';

import { RetryableStepError, StepHandler, TaskerModule } from '../../src/index.js';
import type { JsonObject, StepHandlerContract, TaskSequenceStep } from '../../src/index.js';
import { NAMESPACE, operate, OPERATIONS, RETRY_AFTER_SECONDS } from '../workloads/index.js';
import type { Operation } from '../workloads/index.js';

interface Context extends JsonObject {
  readonly number: number;
}

/** Every step of every workload. */
@StepHandler(...OPERATIONS)
export class OperationHandler implements StepHandlerContract<Context> {
  call(step: TaskSequenceStep<Context>): number | string {
    const operation = operationOf(step);
    if (operation === 'flaky' && step.workflowStep.attempt === 1)
      throw new RetryableStepError('The first attempt fails', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    const results = Object.fromEntries(
      Object.entries(step.dependencyResults).flatMap(([name, result]) =>
        result === undefined ? [] : [[name, result]],
      ),
    );
    return operate(operation, { number: step.context.number, results });
  }
}

function operationOf({ stepDefinition }: TaskSequenceStep<Context>): Operation {
  const { callable } = stepDefinition.handler;
  const operation = OPERATIONS.find((candidate) => candidate === callable);
  if (operation === undefined) throw new Error(`There is no operation ${callable}`);
  return operation;
}

@Module({
  imports: [TaskerModule.forFeature({ namespace: NAMESPACE })],
  providers: [OperationHandler],
})
export class BenchModule {}
