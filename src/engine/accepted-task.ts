import { stepUuid } from './step-uuid.js';
import { taskProgress } from './task-progress.js';
import type { NewTask } from './claim.types.js';
import type { Task, TaskStep } from './task.types.js';
import type { RegisteredStep, RegisteredTemplate } from './template.catalog.js';

/** A task as it stands in the moment in which it was accepted, as `TaskReader` would have read it then. */
export function acceptedTask(task: NewTask, { template, steps }: RegisteredTemplate, acceptedAt: Date): Task {
  const all = [...steps.values()].map((step, index) => acceptedStep(task, step, index, acceptedAt));
  const ready = all.filter((step) => step.readyForExecution).length;
  const counts = { total: all.length, inProgress: 0, completed: 0, failed: 0, ready, waitingForRetry: 0 };
  return {
    taskUuid: task.task_uuid,
    namespace: template.namespace,
    name: template.name,
    version: template.version,
    status: 'pending',
    createdAt: acceptedAt,
    updatedAt: acceptedAt,
    completedAt: null,
    exceededLimit: null,
    context: task.context,
    initiator: task.initiator,
    sourceSystem: task.source_system,
    reason: task.reason,
    priority: task.priority ?? 0,
    tags: task.tags ?? [],
    correlationId: task.correlation_id,
    parentCorrelationId: task.parent_correlation_id ?? null,
    totalSteps: all.length,
    pendingSteps: all.length - ready,
    inProgressSteps: 0,
    completedSteps: 0,
    failedSteps: 0,
    readySteps: ready,
    ...taskProgress(counts, false),
    steps: all,
  };
}

function acceptedStep(
  { task_uuid }: NewTask,
  { template: { name, dependencies, retry, handler } }: RegisteredStep,
  index: number,
  acceptedAt: Date,
): TaskStep {
  const ready = dependencies.length === 0;
  return {
    stepUuid: stepUuid(task_uuid, index),
    taskUuid: task_uuid,
    name,
    state: ready ? 'enqueued' : 'pending',
    dependencies,
    dependenciesSatisfied: ready,
    retryEligible: retry.retryable,
    readyForExecution: ready,
    totalParents: dependencies.length,
    completedParents: 0,
    attempts: 0,
    maxAttempts: Math.max(retry.maxAttempts, 1),
    retryable: retry.retryable,
    handler: handler.callable,
    lostCount: 0,
    createdAt: acceptedAt,
    updatedAt: acceptedAt,
    completedAt: null,
    lastAttemptedAt: null,
    lastFailureAt: null,
    nextRetryAt: null,
    results: null,
  };
}
