import type { TaskStep } from '../../engine/index.js';
import type { RequestIdentity } from '../../http/index.js';
import { zoned } from '../timestamp.format.js';
import type { StepResponse } from './step.responses.js';

/** A caller without `steps:read` gets no `results`. */
export function toStepResponse(step: TaskStep, asking: RequestIdentity): StepResponse {
  return {
    step_uuid: step.stepUuid,
    task_uuid: step.taskUuid,
    name: step.name,
    created_at: zoned(step.createdAt),
    updated_at: zoned(step.updatedAt),
    completed_at: step.completedAt && zoned(step.completedAt),
    results: asking.may('steps:read') ? step.results : null,
    ...(step.resultsOmitted === true && { results_omitted: true }),
    current_state: step.state,
    dependencies_satisfied: step.dependenciesSatisfied,
    retry_eligible: step.retryEligible,
    ready_for_execution: step.readyForExecution,
    total_parents: step.totalParents,
    completed_parents: step.completedParents,
    attempts: step.attempts,
    max_attempts: step.maxAttempts,
    last_failure_at: step.lastFailureAt && zoned(step.lastFailureAt),
    next_retry_at: step.nextRetryAt && zoned(step.nextRetryAt),
    last_attempted_at: step.lastAttemptedAt && zoned(step.lastAttemptedAt),
  };
}
