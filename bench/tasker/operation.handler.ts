import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import { RetryableStepError, StepHandler, TaskerModule } from '../../src/index.js';
import type { JsonObject, StepHandlerContract, TaskSequenceStep } from '../../src/index.js';
import { namespaceName, operate, OPERATIONS, RETRY_AFTER_SECONDS } from '../workloads/index.js';
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
    return operate(operation, {
      get number() {
        return step.context.number;
      },
      results: step.dependencyResults,
    });
  }
}

function operationOf({ stepDefinition }: TaskSequenceStep<Context>): Operation {
  const { callable } = stepDefinition.handler;
  const operation = OPERATIONS.find((candidate) => candidate === callable);
  if (operation === undefined) throw new Error(`There is no operation ${callable}`);
  return operation;
}

/** One of the bench's namespaces, of which each has its own handler. */
export function benchModule(number: number): DynamicModule {
  const namespace = namespaceName(number);
  return {
    module: BenchModule,
    imports: [TaskerModule.forFeature({ namespace })],
    providers: [OperationHandler, { provide: NUMBER, useValue: number }],
  };
}

/** Nest tells dynamic modules apart by what they provide. */
const NUMBER = Symbol('bench:namespace-number');

@Module({})
class BenchModule {}
