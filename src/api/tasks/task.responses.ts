import type { JsonObject } from '../../engine/json.types.js';
import type { StepState, TaskStatus } from '../../engine/states.js';
import type {
  ExecutionStatus,
  HealthStatus,
  RecommendedAction,
  StepExecutionEnvelope,
} from '../../engine/task.types.js';

/** Tasker's `TaskResponse`. */
export interface TaskResponse {
  readonly task_uuid: string;
  readonly name: string;
  readonly namespace: string;
  readonly version: string;
  readonly status: TaskStatus;
  readonly created_at: string;
  readonly updated_at: string;
  readonly completed_at: string | null;
  /** Ours: the lifecycle limit of its template that the task is over. */
  readonly exceeded_limit: string | null;
  readonly context: JsonObject;
  readonly initiator: string;
  readonly source_system: string;
  readonly reason: string;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly correlation_id: string;
  readonly parent_correlation_id: string | null;
  readonly total_steps: number;
  readonly pending_steps: number;
  readonly in_progress_steps: number;
  readonly completed_steps: number;
  readonly failed_steps: number;
  readonly ready_steps: number;
  readonly execution_status: ExecutionStatus;
  readonly recommended_action: RecommendedAction;
  readonly completion_percentage: number;
  readonly health_status: HealthStatus;
  readonly steps: readonly StepReadinessStatus[];
}

/** A step inside a `TaskResponse`. Its timestamps have no zone, unlike all others: Tasker's clients decode them so. */
export interface StepReadinessStatus {
  readonly workflow_step_uuid: string;
  readonly task_uuid: string;
  /** The same for every task of a template version. */
  readonly named_step_uuid: string;
  readonly name: string;
  readonly current_state: StepState;
  readonly dependencies_satisfied: boolean;
  readonly retry_eligible: boolean;
  readonly ready_for_execution: boolean;
  readonly last_failure_at: string | null;
  readonly next_retry_at: string | null;
  readonly last_attempted_at: string | null;
  readonly total_parents: number;
  readonly completed_parents: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly backoff_request_seconds: number | null;
}

/** Tasker's `StepResponse`. */
export interface StepResponse {
  readonly step_uuid: string;
  readonly task_uuid: string;
  readonly name: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly completed_at: string | null;
  readonly results: StepExecutionEnvelope | null;
  readonly current_state: StepState;
  readonly dependencies_satisfied: boolean;
  readonly retry_eligible: boolean;
  readonly ready_for_execution: boolean;
  readonly total_parents: number;
  readonly completed_parents: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly last_failure_at: string | null;
  readonly next_retry_at: string | null;
  readonly last_attempted_at: string | null;
}
