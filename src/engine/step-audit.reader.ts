import { Injectable } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import type { FailureDetail } from './claim.types.js';
import { NotFoundError } from './errors.js';
import type { JsonObject, JsonValue } from './json.types.js';
import type { AuditedAction, StepAuditEntry, StepAuditPage } from './step-audit.types.js';
import { stepEnvelope } from './step-envelope.js';
import { stepIndexOf } from './step-uuid.js';
import type { StepExecutionEnvelope } from './task.types.js';
import { TemplateCatalog } from './template.catalog.js';

interface StepRow {
  readonly name: string;
  readonly template_id: number;
  readonly correlation_id: string;
}

interface AuditRow extends StepRow {
  /** A bigint is a text; null: nothing has been recorded yet. */
  readonly event_id: string;
  readonly kind: number;
  readonly recorded_at: Date;
  readonly started_at: Date | null;
  readonly retry_delay_ms: string | null;
  readonly attempt: number | null;
  readonly detail: (Partial<FailureDetail> & Partial<ManualDetail>) | null;
  readonly metadata: JsonObject | null;
  readonly result: JsonValue;
  readonly worker_name: string | null;
  readonly worker_hostname: string | null;
  readonly more: boolean;
}

interface ManualDetail {
  readonly by: string;
  readonly reason: string;
  readonly from_state: string;
}

const READ_STEP_AUDIT: Statement = {
  name: 'tasker_read_step_audit',
  text: 'SELECT * FROM tasker.read_step_audit($1, $2, $3)',
};

/** By the kind of `tasker.events`. */
const ACTIONS: ReadonlyMap<number, AuditedAction> = new Map([
  [1, 'attempt_succeeded'],
  [2, 'attempt_failed'],
  [3, 'attempt_failed'],
  [4, 'attempt_lost'],
  [5, 'attempt_handed_back'],
  [6, 'reset_for_retry'],
  [7, 'resolved_manually'],
  [8, 'completed_manually'],
]);

/** Attempts that the engine ended because their worker was gone carry this code. */
const WORKER_LOST = 'WORKER_LOST';

/** Reads what has been recorded of a step, from its first attempt to now. */
@Injectable()
export class StepAuditReader {
  constructor(
    private readonly database: Database,
    private readonly catalog: TemplateCatalog,
  ) {}

  /**
   * A page of at most 100 entries and about 8 MiB, oldest first. Rejects with `NotFoundError` where the task has no such step.
   *
   * @param after the last event of the page before, '0' to begin with the oldest
   */
  async read(taskUuid: string, stepUuid: string, after = '0'): Promise<StepAuditPage> {
    const index = stepIndexOf(taskUuid, stepUuid);
    const rows =
      index === null
        ? []
        : await this.database.query<AuditRow | EmptyRow>(READ_STEP_AUDIT, [taskUuid, index, after]);
    const [first] = rows;
    if (first === undefined) throw new NotFoundError(`Step not found: ${stepUuid} of task ${taskUuid}`);
    const template = await this.catalog.load(first.template_id);
    const backoff = template?.steps.get(first.name)?.template.retry.backoff ?? 'none';
    const recorded = rows.filter(isRecorded);
    const last = recorded.at(-1);
    return {
      entries: recorded.map((row) => entryOf(taskUuid, stepUuid, row, backoff)),
      next: last?.more === true ? last.event_id : null,
    };
  }
}

type EmptyRow = StepRow & { readonly event_id: null };

function isRecorded(row: AuditRow | EmptyRow): row is AuditRow {
  return row.event_id !== null;
}

function entryOf(taskUuid: string, stepUuid: string, row: AuditRow, backoff: string): StepAuditEntry {
  const action = actionOf(row);
  return {
    eventId: Number(row.event_id),
    taskUuid,
    stepUuid,
    stepName: row.name,
    correlationId: row.correlation_id,
    action,
    recordedAt: row.recorded_at,
    startedAt: row.started_at,
    attempt: row.attempt,
    worker:
      row.worker_name === null || row.worker_hostname === null
        ? null
        : { name: row.worker_name, hostname: row.worker_hostname },
    envelope: envelopeOf(stepUuid, row, action, backoff),
    manual: manualOf(row, action),
    metadata: row.metadata,
  };
}

function actionOf({ kind, detail }: AuditRow): AuditedAction {
  const action = ACTIONS.get(kind);
  if (action === undefined) throw new Error(`tasker.events has a kind that is not known: ${kind}`);
  return action === 'attempt_failed' && detail?.error_code === WORKER_LOST ? 'attempt_lost' : action;
}

function envelopeOf(
  stepUuid: string,
  row: AuditRow,
  action: AuditedAction,
  backoff: string,
): StepExecutionEnvelope | null {
  const succeeded = action === 'attempt_succeeded' || action === 'completed_manually';
  const failed = action === 'attempt_failed' || action === 'attempt_lost';
  if (!succeeded && !failed) return null;
  return stepEnvelope({
    stepUuid,
    succeeded,
    result: row.result,
    recordedAt: row.recorded_at,
    startedAt: row.started_at,
    workerName: row.worker_name,
    workerHostname: row.worker_hostname,
    metadata: row.metadata,
    failure: failed ? failureOf(row.detail ?? {}) : null,
    retry: row.retry_delay_ms === null ? null : { backoff, delayMs: Number(row.retry_delay_ms) },
  });
}

function failureOf(detail: Partial<FailureDetail>): FailureDetail {
  return {
    message: detail.message ?? '',
    error_code: detail.error_code ?? '',
    error_type: detail.error_type ?? '',
    retryable: detail.retryable ?? false,
    status_code: detail.status_code ?? null,
    context: detail.context ?? {},
    backtrace: detail.backtrace ?? [],
  };
}

function manualOf({ detail }: AuditRow, action: AuditedAction): StepAuditEntry['manual'] {
  if (detail?.by === undefined || detail.reason === undefined) return null;
  const fromState = action === 'reset_for_retry' ? 'error' : (detail.from_state ?? 'error');
  return { by: detail.by, reason: detail.reason, fromState };
}
