import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { FailureDetail } from './claim.types.js';
import { NotFoundError } from './errors.js';
import type { JsonObject, JsonValue } from './json.types.js';
import type { StepState, TaskStatus } from './states.js';
import { stepEnvelope } from './step-envelope.js';
import { stepUuid } from './step-uuid.js';
import { taskProgress } from './task-progress.js';
import type { StepExecutionEnvelope, Task, TaskStep } from './task.types.js';
import { TemplateCatalog } from './template.catalog.js';
import type { RegisteredTemplate } from './template.catalog.js';

interface TaskRow {
  readonly task_uuid: string;
  readonly template_id: number;
  readonly status: TaskStatus;
  readonly created_at: Date | string;
  readonly updated_at: Date | string;
  readonly completed_at: Date | string | null;
  /** Null where it was not read. */
  readonly context: JsonObject | null;
  readonly context_omitted?: boolean;
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
  readonly waiting_for_retry_steps: number;
  readonly exceeded_limit: string | null;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly steps: readonly StepRow[];
}

/** A step as JSON: times are texts. */
interface StepRow {
  readonly step_index: number;
  readonly name: string;
  readonly state: StepState;
  readonly dependencies: readonly number[];
  readonly remaining_dependencies: number;
  readonly attempts: number;
  readonly lost_count: number;
  readonly updated_at: string | null;
  readonly completed_at: string | null;
  readonly last_attempted_at: string | null;
  readonly next_retry_at: string | null;
  readonly last_failure_at: string | null;
  readonly result: JsonValue;
  readonly event_kind: number | null;
  readonly event_recorded_at: string | null;
  readonly event_started_at: string | null;
  readonly event_retry_delay_ms: number | null;
  /** Of a step that is omitted without context and backtrace. */
  readonly event_detail: (Omit<FailureDetail, 'context' | 'backtrace'> & Partial<FailureDetail>) | null;
  readonly event_metadata: JsonObject | null;
  readonly omitted: boolean;
  readonly worker_name: string | null;
  readonly worker_hostname: string | null;
}

const READ_TASK: Statement = {
  name: 'tasker_read_task',
  text: 'SELECT tasker.read_task($1, $2, $3) AS task',
};
const READ_TASKS: Statement = {
  name: 'tasker_read_tasks',
  text: "SELECT t.*, '[]'::json AS steps FROM tasker.read_tasks($1, $2) t",
};
const READ_SETTLED: Statement = {
  name: 'tasker_read_settled_tasks',
  text: 'SELECT task_uuid FROM tasker.read_settled_tasks($1)',
};

/**
 * What is read of what steps have left (results, metadata, errors): of the smallest ones as much as fits into 8 MiB, nothing
 * but the gist of errors, or that and all of one step.
 */
export type StepContents = 'bounded' | 'none' | { readonly ofStep: number };

const CONTEXTS_BYTES = 4 * 1024 * 1024;
/** As `tasker.read_task` has it by itself. */
const CONTENTS_BYTES = 8 * 1024 * 1024;

/** The kinds of `tasker.events` that stand for a failed attempt. */
const FAILED_KINDS: ReadonlySet<number> = new Set([2, 3]);

/** Reads tasks and steps as they stand, with everything that is derived rather than stored. */
@Injectable()
export class TaskReader {
  constructor(
    private readonly database: Database,
    private readonly catalog: TemplateCatalog,
  ) {}

  /** The task with its steps. Rejects with `NotFoundError`. */
  async read(taskUuid: string, contents: StepContents = 'bounded'): Promise<Task> {
    const whole = typeof contents === 'object' ? contents.ofStep : null;
    const values = [taskUuid, contents === 'bounded' ? CONTENTS_BYTES : 0, whole];
    const [row] = await this.database.query<{ task: TaskRow | null }>(READ_TASK, values);
    if (row === undefined || row.task === null) throw new NotFoundError(`Task not found: ${taskUuid}`);
    return this.withTemplate(row.task);
  }

  /** The task that `tasker.read_task` has answered as this JSON. */
  taskOf(snapshot: string): Promise<Task> {
    const task: TaskRow = JSON.parse(snapshot);
    return this.withTemplate(task);
  }

  /**
   * The tasks in this order, without their steps; those that are gone are left out. Of their contexts the smallest are read, 4 MiB
   * together, or none.
   */
  async readMany(
    taskUuids: readonly string[],
    { contexts }: { readonly contexts: boolean },
  ): Promise<readonly Task[]> {
    const rows = await this.database.query<TaskRow>(READ_TASKS, [taskUuids, contexts ? CONTEXTS_BYTES : 0]);
    const tasks = new Map(rows.map((row) => [row.task_uuid, taskOf(row, undefined)]));
    return taskUuids.flatMap((taskUuid) => tasks.get(taskUuid) ?? []);
  }

  /** Those of the tasks that have ended, are blocked, or do not exist. */
  async readSettled(taskUuids: readonly string[]): Promise<readonly string[]> {
    const rows = await this.database.query<{ task_uuid: string }>(READ_SETTLED, [taskUuids]);
    return rows.map((row) => row.task_uuid);
  }

  private async withTemplate(task: TaskRow): Promise<Task> {
    return taskOf(task, await this.catalog.load(task.template_id));
  }
}

function taskOf(row: TaskRow, registered: RegisteredTemplate | undefined): Task {
  const counts = {
    total: row.total_steps,
    inProgress: row.in_progress_steps,
    completed: row.completed_steps,
    failed: row.failed_steps,
    ready: row.ready_steps,
    waitingForRetry: row.waiting_for_retry_steps,
  };
  const createdAt = new Date(row.created_at);
  return {
    taskUuid: row.task_uuid,
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    status: row.status,
    createdAt,
    updatedAt: new Date(row.updated_at),
    completedAt: dateOf(row.completed_at),
    exceededLimit: row.exceeded_limit,
    context: row.context ?? {},
    ...(row.context_omitted === true && { contextOmitted: true }),
    initiator: row.initiator,
    sourceSystem: row.source_system,
    reason: row.reason,
    priority: row.priority,
    tags: row.tags,
    correlationId: row.correlation_id,
    parentCorrelationId: row.parent_correlation_id,
    totalSteps: row.total_steps,
    pendingSteps: row.pending_steps,
    inProgressSteps: row.in_progress_steps,
    completedSteps: row.completed_steps,
    failedSteps: row.failed_steps,
    readySteps: row.ready_steps,
    ...taskProgress(counts, row.completed_at !== null),
    steps: row.steps.map((step) => stepOf(row.task_uuid, createdAt, step, row.steps, registered)),
  };
}

function stepOf(
  taskUuid: string,
  createdAt: Date,
  row: StepRow,
  all: readonly StepRow[],
  registered: RegisteredTemplate | undefined,
): TaskStep {
  const template = registered?.steps.get(row.name)?.template;
  const retry = template?.retry;
  const retryable = retry?.retryable ?? true;
  const maxAttempts = Math.max(retry?.maxAttempts ?? 1, 1);
  const uuid = stepUuid(taskUuid, row.step_index);
  const ended = row.completed_at !== null || row.state === 'cancelled' || row.state === 'error';
  return {
    stepUuid: uuid,
    taskUuid,
    name: row.name,
    state: row.state,
    dependencies: row.dependencies.map((index) => all[index]?.name ?? ''),
    dependenciesSatisfied: row.remaining_dependencies === 0,
    retryEligible: !ended && retryable && row.attempts < maxAttempts,
    readyForExecution: row.state === 'enqueued',
    totalParents: row.dependencies.length,
    completedParents: row.dependencies.length - row.remaining_dependencies,
    attempts: row.attempts,
    maxAttempts,
    retryable,
    handler: template?.handler.callable ?? null,
    lostCount: row.lost_count,
    createdAt,
    updatedAt: row.updated_at === null ? createdAt : new Date(row.updated_at),
    completedAt: dateOf(row.completed_at),
    lastAttemptedAt: dateOf(row.last_attempted_at),
    lastFailureAt: dateOf(row.last_failure_at),
    nextRetryAt: dateOf(row.next_retry_at),
    results: envelopeOf(uuid, row, retry?.backoff ?? 'none'),
    ...(row.omitted && { resultsOmitted: true }),
  };
}

function envelopeOf(uuid: string, row: StepRow, backoff: string): StepExecutionEnvelope | null {
  if (row.event_kind === null || row.event_recorded_at === null) return null;
  const failed = FAILED_KINDS.has(row.event_kind);
  return stepEnvelope({
    stepUuid: uuid,
    succeeded: !failed,
    result: failed ? null : row.result,
    recordedAt: new Date(row.event_recorded_at),
    startedAt: dateOf(row.event_started_at),
    workerName: row.worker_name,
    workerHostname: row.worker_hostname,
    metadata: row.event_metadata,
    failure: failed && row.event_detail !== null ? { context: {}, backtrace: [], ...row.event_detail } : null,
    retry: row.event_retry_delay_ms === null ? null : { backoff, delayMs: row.event_retry_delay_ms },
  });
}

function dateOf(text: Date | string | null): Date | null {
  return text === null ? null : new Date(text);
}
