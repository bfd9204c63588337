import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { PermanentStepError, StepHandler } from '../../src/index.js';
import type { Task } from '../../src/index.js';
import { DagTransformHandler } from '../../src/workflows/mixed-dag-workflow/dag-transform.handler.js';
import { MixedDagWorkflowModule } from '../../src/workflows/mixed-dag-workflow/mixed-dag-workflow.module.js';
import { resultsOf, Service, stepOf } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

const BY_HAND = { reason: 'the left side has been looked into', by: 'operator' };
const FINAL_RESULT = '63340286662973277706162286946811886609896461828096';

/** Fails for good until somebody mends it. */
@StepHandler('dag_transform')
class BrokenTransformHandler extends DagTransformHandler {
  static mended = false;

  override call(...[step]: Parameters<DagTransformHandler['call']>): ReturnType<DagTransformHandler['call']> {
    if (BrokenTransformHandler.mended) return super.call(step);
    throw new PermanentStepError('The transformer is broken', { errorCode: 'TRANSFORMER_BROKEN' });
  }
}

let service: Service;
let blocked: Task;

beforeEach(async () => {
  BrokenTransformHandler.mended = false;
  const providers = [{ provide: DagTransformHandler, useClass: BrokenTransformHandler }];
  service = await Service.start({ imports: [{ module: MixedDagWorkflowModule, providers }] });
  const { taskUuid } = await service.client.submit({
    namespace: 'mixed_dag_workflow',
    name: 'complex_dag',
    version: '1.0.0',
    context: { even_number: 6 },
  });
  blocked = await service.settled(taskUuid);
});

afterEach(async () => {
  await service.stop();
});

describe('a step that fails for good in one branch', () => {
  it('blocks its task after the other branches have finished, and the reason shows on every step', () => {
    expect(blocked).toMatchObject({
      status: 'blocked_by_failures',
      executionStatus: 'blocked_by_failures',
      recommendedAction: 'handle_failures',
      healthStatus: 'blocked',
      totalSteps: 7,
      completedSteps: 5,
      failedSteps: 1,
      pendingSteps: 1,
      readySteps: 0,
    });
    expect(resultsOf(blocked)).toMatchObject({
      dag_init: 36,
      dag_process_left: 1296,
      dag_process_right: 1296,
      dag_validate: 2_821_109_907_456,
      dag_analyze: 1_679_616,
    });
    expect(stepOf(blocked, 'dag_transform')).toMatchObject({
      state: 'error',
      attempts: 1,
      maxAttempts: 3,
      retryEligible: false,
      nextRetryAt: null,
      results: {
        success: false,
        metadata: { error_code: 'TRANSFORMER_BROKEN', retryable: false },
        error: { message: 'The transformer is broken' },
      },
    });
    expect(stepOf(blocked, 'dag_finalize')).toMatchObject({
      state: 'pending',
      dependencies: ['dag_validate', 'dag_transform', 'dag_analyze'],
      dependenciesSatisfied: false,
      readyForExecution: false,
      totalParents: 3,
      completedParents: 2,
      attempts: 0,
      results: null,
    });
  });

  it('is reset once it is mended: it runs anew, and the task completes by itself', async () => {
    BrokenTransformHandler.mended = true;
    const { taskUuid, stepUuid } = stepOf(blocked, 'dag_transform');
    await service.client.resetStep(taskUuid, stepUuid, BY_HAND);
    const task = await service.settled(taskUuid);
    expect(task.status).toBe('complete');
    expect(stepOf(task, 'dag_transform')).toMatchObject({ state: 'complete', attempts: 1 });
    expect(resultsOf(task)).toMatchObject({ dag_transform: 1_679_616, dag_finalize: FINAL_RESULT });
  });

  it('is reset while it is still broken: it fails again, and the task is blocked again', async () => {
    const { taskUuid, stepUuid } = stepOf(blocked, 'dag_transform');
    await service.client.resetStep(taskUuid, stepUuid, BY_HAND);
    const task = await service.settled(taskUuid);
    expect(task.status).toBe('blocked_by_failures');
    expect(stepOf(task, 'dag_transform')).toMatchObject({ state: 'error', attempts: 1 });
  });

  it('is completed by hand, with the result that it should have had', async () => {
    const { taskUuid, stepUuid } = stepOf(blocked, 'dag_transform');
    await service.client.completeStep(taskUuid, stepUuid, { result: 1_679_616 }, BY_HAND);
    const task = await service.settled(taskUuid);
    expect(task.status).toBe('complete');
    expect(resultsOf(task)).toMatchObject({ dag_finalize: FINAL_RESULT });
  });

  it('is resolved by hand: its dependant runs and says what it misses, until it is completed by hand too', async () => {
    const { taskUuid, stepUuid } = stepOf(blocked, 'dag_transform');
    await service.client.resolveStep(taskUuid, stepUuid, BY_HAND);
    const resolved = await service.settled(taskUuid);
    expect(resolved.status).toBe('blocked_by_failures');
    expect(stepOf(resolved, 'dag_transform').state).toBe('resolved_manually');
    expect(stepOf(resolved, 'dag_finalize')).toMatchObject({
      state: 'error',
      dependenciesSatisfied: true,
      completedParents: 3,
      results: {
        metadata: { error_code: 'MISSING_DEPENDENCY', error_type: 'DependencyError' },
        error: {
          message: expect.stringMatching(
            /^There is no result of step "dag_transform": it was resolved by hand/,
          ),
        },
      },
    });

    const last = stepOf(resolved, 'dag_finalize').stepUuid;
    await service.client.completeStep(taskUuid, last, { result: FINAL_RESULT }, BY_HAND);
    expect((await service.settled(taskUuid)).status).toBe('complete');
  });
});
