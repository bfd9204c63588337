import type { ExecutionStatus, HealthStatus, RecommendedAction } from './task.types.js';

/** How many of a task's steps are where. */
export interface StepCounts {
  readonly total: number;
  readonly inProgress: number;
  readonly completed: number;
  readonly failed: number;
  readonly ready: number;
  readonly waitingForRetry: number;
}

export interface TaskProgress {
  readonly executionStatus: ExecutionStatus;
  readonly recommendedAction: RecommendedAction;
  readonly healthStatus: HealthStatus;
  readonly completionPercentage: number;
}

const ACTION_OF: Readonly<Record<ExecutionStatus, RecommendedAction>> = {
  blocked_by_failures: 'handle_failures',
  has_ready_steps: 'execute_ready_steps',
  processing: 'wait_for_completion',
  all_complete: 'finalize_task',
  waiting_for_dependencies: 'wait_for_dependencies',
};

/** What the counts of a task's steps say to an operator, in Tasker's words. `ended`: nothing is left to run. */
export function taskProgress(counts: StepCounts, ended: boolean): TaskProgress {
  const executionStatus = executionStatusOf(counts, ended);
  return {
    executionStatus,
    recommendedAction: ACTION_OF[executionStatus],
    healthStatus: counts.failed > 0 ? 'blocked' : counts.waitingForRetry > 0 ? 'recovering' : 'healthy',
    completionPercentage:
      counts.total === 0 ? 100 : Math.round((counts.completed / counts.total) * 10_000) / 100,
  };
}

function executionStatusOf(counts: StepCounts, ended: boolean): ExecutionStatus {
  if (counts.failed > 0) return 'blocked_by_failures';
  if (counts.ready > 0) return 'has_ready_steps';
  if (counts.inProgress > 0) return 'processing';
  if (ended || counts.completed === counts.total) return 'all_complete';
  return 'waiting_for_dependencies';
}
