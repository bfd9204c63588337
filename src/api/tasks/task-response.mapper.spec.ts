import { describe, expect, it } from '@jest/globals';

import type { Task, TaskStep } from '../../engine/index.js';
import { ANYBODY } from '../../http/index.js';
import { toStepResponse } from '../steps/step-response.mapper.js';
import { toTaskResponse } from './task-response.mapper.js';

const CREATED = new Date('2026-01-31T12:00:00.123Z');
const FAILED = new Date('2026-01-31T12:00:01.000Z');
const RETRY = new Date('2026-01-31T12:00:03.001Z');

const STEP: TaskStep = {
  stepUuid: '0197a0de-0000-7000-8000-000000000002',
  taskUuid: '0197a0de-0000-7000-8000-000000000001',
  name: 'charge',
  state: 'waiting_for_retry',
  dependencies: ['reserve'],
  dependenciesSatisfied: true,
  retryEligible: true,
  readyForExecution: false,
  totalParents: 1,
  completedParents: 1,
  attempts: 1,
  maxAttempts: 3,
  retryable: true,
  handler: 'charge',
  lostCount: 0,
  createdAt: CREATED,
  updatedAt: FAILED,
  completedAt: null,
  lastAttemptedAt: CREATED,
  lastFailureAt: FAILED,
  nextRetryAt: RETRY,
  results: null,
};

const TASK: Task = {
  taskUuid: STEP.taskUuid,
  namespace: 'orders',
  name: 'checkout',
  version: '1.0.0',
  status: 'waiting_for_retry',
  createdAt: CREATED,
  updatedAt: FAILED,
  completedAt: null,
  exceededLimit: null,
  context: { constructor: 1 },
  initiator: 'test',
  sourceSystem: 'spec',
  reason: 'because',
  priority: -3,
  tags: ['a'],
  correlationId: '0197a0de-0000-7000-8000-000000000003',
  parentCorrelationId: null,
  totalSteps: 1,
  pendingSteps: 1,
  inProgressSteps: 0,
  completedSteps: 0,
  failedSteps: 0,
  readySteps: 0,
  executionStatus: 'waiting_for_dependencies',
  recommendedAction: 'wait_for_dependencies',
  healthStatus: 'recovering',
  completionPercentage: 0,
  steps: [STEP],
};

describe('toTaskResponse', () => {
  it('has every field of the contract, with naive microseconds only inside steps', () => {
    expect(toTaskResponse(TASK, ANYBODY)).toEqual({
      task_uuid: STEP.taskUuid,
      name: 'checkout',
      namespace: 'orders',
      version: '1.0.0',
      status: 'waiting_for_retry',
      created_at: '2026-01-31T12:00:00.123Z',
      updated_at: '2026-01-31T12:00:01.000Z',
      completed_at: null,
      exceeded_limit: null,
      context: { constructor: 1 },
      initiator: 'test',
      source_system: 'spec',
      reason: 'because',
      priority: -3,
      tags: ['a'],
      correlation_id: '0197a0de-0000-7000-8000-000000000003',
      parent_correlation_id: null,
      total_steps: 1,
      pending_steps: 1,
      in_progress_steps: 0,
      completed_steps: 0,
      failed_steps: 0,
      ready_steps: 0,
      execution_status: 'waiting_for_dependencies',
      recommended_action: 'wait_for_dependencies',
      completion_percentage: 0,
      health_status: 'recovering',
      steps: [
        {
          workflow_step_uuid: STEP.stepUuid,
          task_uuid: STEP.taskUuid,
          named_step_uuid: expect.any(String),
          name: 'charge',
          current_state: 'waiting_for_retry',
          dependencies_satisfied: true,
          retry_eligible: true,
          ready_for_execution: false,
          last_failure_at: '2026-01-31T12:00:01.000000',
          next_retry_at: '2026-01-31T12:00:03.001000',
          last_attempted_at: '2026-01-31T12:00:00.123000',
          total_parents: 1,
          completed_parents: 1,
          attempts: 1,
          max_attempts: 3,
          backoff_request_seconds: 3,
        },
      ],
    });
  });

  it('keeps the context from whoever may not read it', () => {
    const answer = toTaskResponse(TASK, {
      name: 'some',
      may: (permission) => permission !== 'tasks:context_read',
    });
    expect(answer.context).toEqual({});
  });

  it('says no backoff where no retry is due', () => {
    const steps = [{ ...STEP, nextRetryAt: null }];
    expect(toTaskResponse({ ...TASK, steps }, ANYBODY).steps[0]?.backoff_request_seconds).toBeNull();
  });

  it('names a step by the same uuid in every task of its template version, and in no other', () => {
    const uuid = uuidIn({});
    // Written down: clients may keep it, so it must not change with a release.
    expect(uuid).toBe('14090ad5-7238-58e3-b594-83a9d6bcafbb');
    expect(uuidIn({ taskUuid: 'other' }, { stepUuid: 'other' })).toBe(uuid);
    expect(
      new Set([uuid, uuidIn({ version: '1.0.1' }), uuidIn({ name: 'x' }), uuidIn({}, { name: 'x' })]).size,
    ).toBe(4);
  });
});

describe('toStepResponse', () => {
  it('has every field of the contract, with zoned timestamps', () => {
    expect(toStepResponse(STEP, ANYBODY)).toEqual({
      step_uuid: STEP.stepUuid,
      task_uuid: STEP.taskUuid,
      name: 'charge',
      created_at: '2026-01-31T12:00:00.123Z',
      updated_at: '2026-01-31T12:00:01.000Z',
      completed_at: null,
      results: null,
      current_state: 'waiting_for_retry',
      dependencies_satisfied: true,
      retry_eligible: true,
      ready_for_execution: false,
      total_parents: 1,
      completed_parents: 1,
      attempts: 1,
      max_attempts: 3,
      last_failure_at: '2026-01-31T12:00:01.000Z',
      next_retry_at: '2026-01-31T12:00:03.001Z',
      last_attempted_at: '2026-01-31T12:00:00.123Z',
    });
  });
});

function uuidIn(task: Partial<Task>, step: Partial<TaskStep> = {}): string | undefined {
  return toTaskResponse({ ...TASK, ...task, steps: [{ ...STEP, ...step }] }, ANYBODY).steps[0]
    ?.named_step_uuid;
}
