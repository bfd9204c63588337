import type { DeadLetter, Task, TaskStep } from '../../engine/index.js';
import { zoned } from '../timestamp.format.js';
import type {
  StepErrorSummary,
  SummarizedDeadLetter,
  SummarizedStep,
  SummarizedTask,
  SummarizedTemplateStep,
  TaskerSummary,
} from './tasker-summary.responses.js';
import type { StepFailureSummary } from './task-summary.responses.js';

type StepMembers = Pick<SummarizedStep, keyof SummarizedStep>;

/** Tasker's word for a handler that it can't tell. */
const UNKNOWN_HANDLER = 'unknown';
/** Tasker's clients keep a status code in 16 bits. */
const HIGHEST_STATUS_CODE = 65_535;

/** What Tasker's clients decode of a summary. */
export function toTaskerSummary(
  task: Task,
  deadLetter: DeadLetter | null,
): Pick<TaskerSummary, keyof TaskerSummary> {
  const path = `/v1/tasks/${task.taskUuid}`;
  return {
    task: summarizedTask(task),
    template: { steps: task.steps.map(templateStep) },
    dlq: summarizedDeadLetter(deadLetter),
    links: { task: path, steps: `${path}/workflow_steps`, dlq: '/v1/dlq' },
  };
}

/** What Tasker's clients decode of a step, in addition to its name, state and attempts. */
export function toTaskerStep(step: TaskStep, failure: StepFailureSummary | null): StepMembers {
  return {
    created_at: zoned(step.createdAt),
    completed_at: step.completedAt && zoned(step.completedAt),
    last_attempted_at: step.lastAttemptedAt && zoned(step.lastAttemptedAt),
    dependencies_satisfied: step.dependenciesSatisfied,
    retry_eligible: step.retryEligible,
    error: failure && errorOf(failure, step.results?.error?.status_code ?? null),
  };
}

function summarizedTask(task: Task): SummarizedTask {
  return {
    task_uuid: task.taskUuid,
    name: task.name,
    namespace: task.namespace,
    version: task.version,
    status: task.status,
    created_at: zoned(task.createdAt),
    updated_at: zoned(task.updatedAt),
    completed_at: task.completedAt && zoned(task.completedAt),
    initiator: task.initiator,
    source_system: task.sourceSystem,
    reason: task.reason,
    correlation_id: task.correlationId,
    total_steps: task.totalSteps,
    pending_steps: task.pendingSteps,
    in_progress_steps: task.inProgressSteps,
    completed_steps: task.completedSteps,
    failed_steps: task.failedSteps,
    completion_percentage: task.completionPercentage,
    health_status: task.healthStatus,
    execution_status: task.executionStatus,
    recommended_action: task.recommendedAction,
  };
}

function templateStep({
  name,
  handler,
  dependencies,
  retryable,
  maxAttempts,
}: TaskStep): SummarizedTemplateStep {
  return {
    name,
    step_type: 'standard',
    handler: handler ?? UNKNOWN_HANDLER,
    dependencies,
    retryable,
    max_attempts: maxAttempts,
  };
}

function errorOf({ type, retryable }: StepFailureSummary, statusCode: number | null): StepErrorSummary {
  const fits = statusCode !== null && statusCode >= 0 && statusCode <= HIGHEST_STATUS_CODE;
  return { error_type: type, retryable, status_code: fits ? statusCode : null };
}

function summarizedDeadLetter(letter: DeadLetter | null): SummarizedDeadLetter {
  return {
    in_dlq: letter !== null,
    dlq_reason: letter && letter.reason,
    resolution_status: letter && letter.resolutionStatus,
  };
}
