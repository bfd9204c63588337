import type { JsonObject, JsonValue } from './json.types.js';
import type { StepState, TaskStatus } from './states.js';

/** What a caller asks for: one run of a task template. Tasker's `TaskRequest`, in TypeScript's spelling. */
export interface TaskRequest {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  /** Checked against the template's `input_schema`. */
  readonly context: JsonObject;
  /** Who asked; "unknown" where left out, as are the next two. */
  readonly initiator?: string;
  readonly sourceSystem?: string;
  readonly reason?: string;
  readonly tags?: readonly string[];
  /** −100 … 100, higher runs first; 0 where left out. */
  readonly priority?: number;
  /** Ties this task to others in logs and traces; made by the service where left out. */
  readonly correlationId?: string;
  readonly parentCorrelationId?: string;
  /** Repeating a request with the same key answers with the first one's task. At most 255 characters. */
  readonly idempotencyKey?: string;
  /** The lease of this task's steps in seconds, 1 … 3600; the worker's setting where left out. */
  readonly claimTimeoutSeconds?: number;
  /** Kept with the task and given to its handlers; the engine reads nothing in it. */
  readonly options?: JsonObject;
}

/** The task that a request led to. */
export interface SubmittedTask {
  readonly taskUuid: string;
  /** False where the request repeated an earlier one by its idempotency key. */
  readonly created: boolean;
  /** By the database's clock; of a repeat, when the task that it repeats was accepted. */
  readonly acceptedAt: Date;
}

export type ExecutionStatus =
  'blocked_by_failures' | 'has_ready_steps' | 'processing' | 'all_complete' | 'waiting_for_dependencies';

export type RecommendedAction =
  | 'handle_failures'
  | 'execute_ready_steps'
  | 'wait_for_completion'
  | 'finalize_task'
  | 'wait_for_dependencies';

export type HealthStatus = 'healthy' | 'recovering' | 'blocked';

/** A task as it stands now, with its steps in topological order. */
export interface Task {
  readonly taskUuid: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly status: TaskStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  /** The lifecycle limit of its template that it is over, such as `max_duration_minutes`. */
  readonly exceededLimit: string | null;
  readonly context: JsonObject;
  /** True in a list of tasks whose contexts have more than is read at once, if this one's is missing: `context` is `{}` then. */
  readonly contextOmitted?: boolean;
  readonly initiator: string;
  readonly sourceSystem: string;
  readonly reason: string;
  readonly priority: number;
  readonly tags: readonly string[];
  readonly correlationId: string;
  readonly parentCorrelationId: string | null;
  readonly totalSteps: number;
  readonly pendingSteps: number;
  readonly inProgressSteps: number;
  readonly completedSteps: number;
  readonly failedSteps: number;
  readonly readySteps: number;
  readonly executionStatus: ExecutionStatus;
  readonly recommendedAction: RecommendedAction;
  readonly healthStatus: HealthStatus;
  /** 0 … 100. */
  readonly completionPercentage: number;
  readonly steps: readonly TaskStep[];
}

/** A step of a task as it stands now. */
export interface TaskStep {
  readonly stepUuid: string;
  readonly taskUuid: string;
  readonly name: string;
  readonly state: StepState;
  /** The names of the steps that this one waits for. */
  readonly dependencies: readonly string[];
  readonly dependenciesSatisfied: boolean;
  /** Another attempt is allowed: attempts are left and nothing forbids a retry. */
  readonly retryEligible: boolean;
  readonly readyForExecution: boolean;
  readonly totalParents: number;
  readonly completedParents: number;
  /** Attempts of the current run of the step, the one under way included; lost and handed-back ones are not. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** The template allows another attempt after a failure. */
  readonly retryable: boolean;
  /** The callable of its handler; null if this release can't read the stored template. */
  readonly handler: string | null;
  /** Attempts that were lost with their worker. */
  readonly lostCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  readonly lastAttemptedAt: Date | null;
  readonly lastFailureAt: Date | null;
  readonly nextRetryAt: Date | null;
  /** What the last recorded attempt led to; null before the first. */
  readonly results: StepExecutionEnvelope | null;
  /**
   * True where the task's steps have left more than is read at once (8 MiB, the smallest first) and this one's part is missing:
   * result and metadata are empty, the error has no context and no backtrace. `TaskClient.getStep` reads it whole.
   */
  readonly resultsOmitted?: boolean;
}

/** Tasker's `StepExecutionResult` as its clients read it; built on read from what is stored. */
export interface StepExecutionEnvelope {
  readonly step_uuid: string;
  readonly success: boolean;
  readonly result: JsonValue;
  readonly metadata: {
    readonly execution_time_ms: number;
    readonly handler_version: string | null;
    readonly retryable: boolean;
    readonly completed_at: string;
    readonly worker_id: string | null;
    readonly worker_hostname: string | null;
    readonly started_at: string | null;
    readonly custom: JsonObject;
    readonly error_code: string | null;
    readonly error_type: string | null;
    readonly context: JsonObject;
  };
  readonly status: 'completed' | 'failed' | 'error';
  readonly error: {
    readonly message: string;
    readonly error_type: string | null;
    readonly backtrace: readonly string[];
    readonly retryable: boolean;
    readonly status_code: number | null;
    readonly context: JsonObject;
  } | null;
  readonly orchestration_metadata: {
    readonly headers: JsonObject;
    readonly error_context: string | null;
    readonly backoff_hint: {
      readonly backoff_type: string;
      readonly delay_seconds: number;
      readonly context: string | null;
    } | null;
    readonly custom: JsonObject;
  };
}

/** Whether `waitFor` and `wait_seconds` return on this status: the task has ended, or can't go on without help. */
export function isSettled(status: TaskStatus): boolean {
  return (
    status === 'complete' ||
    status === 'error' ||
    status === 'cancelled' ||
    status === 'resolved_manually' ||
    status === 'blocked_by_failures'
  );
}
