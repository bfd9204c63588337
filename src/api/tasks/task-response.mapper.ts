import { v5 as uuidFromName } from 'uuid';

import type { JsonObject, Task, TaskStep } from '../../engine/index.js';
import type { RequestIdentity } from '../../http/index.js';
import { naive, zoned } from '../timestamp.format.js';
import type { StepReadinessStatus, TaskResponse } from './task.responses.js';

/** Never to be changed: the uuids of named steps are made from it. */
const NAMED_STEPS = '6f2b1a0e-93c4-5d7a-8e15-c0ffee7a5ce2';

export function toTaskResponse(task: Task, asking: RequestIdentity): TaskResponse {
  return {
    task_uuid: task.taskUuid,
    name: task.name,
    namespace: task.namespace,
    version: task.version,
    status: task.status,
    created_at: zoned(task.createdAt),
    updated_at: zoned(task.updatedAt),
    completed_at: task.completedAt && zoned(task.completedAt),
    exceeded_limit: task.exceededLimit,
    context: contextFor(asking, task),
    ...(task.contextOmitted === true && { context_omitted: true }),
    initiator: task.initiator,
    source_system: task.sourceSystem,
    reason: task.reason,
    priority: task.priority,
    tags: task.tags,
    correlation_id: task.correlationId,
    parent_correlation_id: task.parentCorrelationId,
    total_steps: task.totalSteps,
    pending_steps: task.pendingSteps,
    in_progress_steps: task.inProgressSteps,
    completed_steps: task.completedSteps,
    failed_steps: task.failedSteps,
    ready_steps: task.readySteps,
    execution_status: task.executionStatus,
    recommended_action: task.recommendedAction,
    completion_percentage: task.completionPercentage,
    health_status: task.healthStatus,
    steps: task.steps.map((step) => toStepReadinessStatus(task, step)),
  };
}

/** The only place where a context leaves the service: it may hold what not everybody who sees tasks is to see. */
function contextFor(asking: RequestIdentity, task: Task): JsonObject {
  return asking.may('tasks:context_read') ? task.context : {};
}

function toStepReadinessStatus(task: Task, step: TaskStep): StepReadinessStatus {
  return {
    workflow_step_uuid: step.stepUuid,
    task_uuid: step.taskUuid,
    named_step_uuid: namedStepUuid(`${task.namespace}/${task.name}/${task.version}/${step.name}`),
    name: step.name,
    current_state: step.state,
    dependencies_satisfied: step.dependenciesSatisfied,
    retry_eligible: step.retryEligible,
    ready_for_execution: step.readyForExecution,
    last_failure_at: step.lastFailureAt && naive(step.lastFailureAt),
    next_retry_at: step.nextRetryAt && naive(step.nextRetryAt),
    last_attempted_at: step.lastAttemptedAt && naive(step.lastAttemptedAt),
    total_parents: step.totalParents,
    completed_parents: step.completedParents,
    attempts: step.attempts,
    max_attempts: step.maxAttempts,
    backoff_request_seconds: backoffSeconds(step),
  };
}

/** There are as many names as steps in all templates. */
const namedStepUuids = new Map<string, string>();

function namedStepUuid(name: string): string {
  const known = namedStepUuids.get(name);
  if (known !== undefined) return known;
  const uuid = uuidFromName(name, NAMED_STEPS);
  namedStepUuids.set(name, uuid);
  return uuid;
}

/** Tasker's clients keep the seconds in 32 bits, signed. A step may be told to wait longer: `next_retry_at` says until when. */
const MOST_BACKOFF_SECONDS = 2_147_483_647;

/** How long the step was told to wait after its last failure, rounded up; null where no retry is due. */
function backoffSeconds({ nextRetryAt, lastFailureAt }: TaskStep): number | null {
  if (nextRetryAt === null || lastFailureAt === null) return null;
  const seconds = Math.ceil((nextRetryAt.getTime() - lastFailureAt.getTime()) / 1000);
  return Math.max(0, Math.min(seconds, MOST_BACKOFF_SECONDS));
}
