import { FINISHABLE_STATES, RESETTABLE_STATES } from '../../engine/index.js';
import type { DeadLetter, Task, TaskStep } from '../../engine/index.js';
import type { RequestIdentity } from '../../http/index.js';
import type { StepActionType } from '../steps/step-action.types.js';
import { zoned } from '../timestamp.format.js';
import { toTaskerStep, toTaskerSummary } from './tasker-summary.mapper.js';
import { explainTask } from './task.explanation.js';
import type {
  StepFailureSummary,
  StepSummary,
  StepWaitSummary,
  TaskSummaryResponse,
} from './task-summary.responses.js';

/**
 * What an operator wants to know of a task, derived from nothing but the task as it stands. A caller without `steps:read` gets
 * no results and no error contexts: `results` and each `context` are `{}`, each `result` is null.
 */
export function toTaskSummary(
  task: Task,
  asking: RequestIdentity,
  deadLetter: DeadLetter | null,
): TaskSummaryResponse {
  const blockers = blockersOf(task.steps);
  const showsContents = asking.may('steps:read');
  const steps = task.steps
    .map((step) => (showsContents ? step : withoutContents(step)))
    .map((step) => toStepSummary(task, step, blockers.get(step.name) ?? []));
  return {
    task_uuid: task.taskUuid,
    namespace: task.namespace,
    name: task.name,
    version: task.version,
    status: task.status,
    explanation: explainTask(task, steps),
    execution_status: task.executionStatus,
    recommended_action: task.recommendedAction,
    health_status: task.healthStatus,
    completion_percentage: task.completionPercentage,
    exceeded_limit: task.exceededLimit,
    created_at: zoned(task.createdAt),
    updated_at: zoned(task.updatedAt),
    completed_at: task.completedAt && zoned(task.completedAt),
    duration_ms: task.completedAt && task.completedAt.getTime() - task.createdAt.getTime(),
    initiator: task.initiator,
    source_system: task.sourceSystem,
    reason: task.reason,
    tags: task.tags,
    correlation_id: task.correlationId,
    results: showsContents ? resultsOf(steps) : {},
    steps,
    ...toTaskerSummary(task, deadLetter),
  };
}

function resultsOf(steps: readonly StepSummary[]): TaskSummaryResponse['results'] {
  return Object.fromEntries(
    steps
      .filter((step) => step.current_state === 'complete' && step.results_omitted !== true)
      .map((step) => [step.name, step.result]),
  );
}

function withoutContents(step: TaskStep): TaskStep {
  const { results } = step;
  if (results === null) return step;
  const error = results.error && { ...results.error, context: {} };
  return { ...step, results: { ...results, result: null, error } };
}

/** The failed steps, however far up, of each step that waits. Steps come in topological order, so parents are known. */
function blockersOf(steps: readonly TaskStep[]): ReadonlyMap<string, readonly string[]> {
  const failed = new Set(steps.filter((step) => step.state === 'error').map((step) => step.name));
  const blockers = new Map<string, readonly string[]>();
  for (const { name, dependencies } of steps) {
    const above = dependencies.flatMap((parent) =>
      failed.has(parent) ? [parent] : (blockers.get(parent) ?? []),
    );
    blockers.set(name, [...new Set(above)]);
  }
  return blockers;
}

function toStepSummary(task: Task, step: TaskStep, blockedBy: readonly string[]): StepSummary {
  const failure = failureOf(step);
  return {
    step_uuid: step.stepUuid,
    name: step.name,
    current_state: step.state,
    attempts: step.attempts,
    max_attempts: step.maxAttempts,
    result: step.state === 'complete' ? (step.results?.result ?? null) : null,
    ...(step.resultsOmitted === true && { results_omitted: true }),
    failure,
    waiting: waitOf(task, step, blockedBy),
    possible_actions: task.completedAt === null ? actionsIn(step) : [],
    ...toTaskerStep(step, failure),
  };
}

function failureOf({ state, results, lastFailureAt }: TaskStep): StepFailureSummary | null {
  if (state === 'complete' || state === 'resolved_manually') return null;
  if (results === null || results.error === null) return null;
  return {
    code: results.metadata.error_code,
    type: results.error.error_type,
    message: results.error.message,
    retryable: results.error.retryable,
    failed_at: lastFailureAt === null ? results.metadata.completed_at : zoned(lastFailureAt),
    context: results.error.context,
  };
}

function waitOf(task: Task, step: TaskStep, blockedBy: readonly string[]): StepWaitSummary | null {
  const nothing = { steps: [], blocked_by: [], until: null };
  if (step.state === 'enqueued') return { ...nothing, for: 'worker' };
  if (step.state === 'waiting_for_retry') {
    return { ...nothing, for: 'retry', until: step.nextRetryAt && zoned(step.nextRetryAt) };
  }
  if (step.state !== 'pending') return null;
  const parents = task.steps.filter(({ name }) => step.dependencies.includes(name));
  return {
    ...nothing,
    for: 'steps',
    steps: parents
      .filter(({ state }) => state !== 'complete' && state !== 'resolved_manually')
      .map(({ name, state }) => ({ name, current_state: state })),
    blocked_by: blockedBy,
  };
}

function actionsIn({ state }: TaskStep): readonly StepActionType[] {
  return [
    ...(RESETTABLE_STATES.includes(state) ? (['reset_for_retry'] as const) : []),
    ...(FINISHABLE_STATES.includes(state) ? (['resolve_manually', 'complete_manually'] as const) : []),
  ];
}
