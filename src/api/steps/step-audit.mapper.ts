import { v5 } from 'uuid';

import type { AuditedAction, StepAuditEntry } from '../../engine/index.js';
import { zoned } from '../timestamp.format.js';
import type { AuditToState, StepAuditResponse } from './step-audit.responses.js';

/** Of the ids that are made of a worker's name. */
const WORKER_NAMESPACE = '5d1c1e0c-6a0b-4c55-9a53-1f6f3a4f8c11';

/** Ids are made of what they name, so that they are the same whenever the audit is read. */
export function toStepAuditResponse(entry: StepAuditEntry): StepAuditResponse {
  const { envelope, manual, worker } = entry;
  return {
    audit_uuid: v5(`audit ${entry.eventId}`, entry.stepUuid),
    workflow_step_uuid: entry.stepUuid,
    transition_uuid: v5(`transition ${entry.eventId}`, entry.stepUuid),
    task_uuid: entry.taskUuid,
    recorded_at: zoned(entry.recordedAt),
    worker_uuid: worker && v5(`${worker.name}@${worker.hostname}`, WORKER_NAMESPACE),
    worker_id: worker && worker.name,
    correlation_id: entry.correlationId,
    success: manual === null ? envelope?.success === true : entry.action !== 'reset_for_retry',
    execution_time_ms: entry.startedAt && entry.recordedAt.getTime() - entry.startedAt.getTime(),
    result: envelope,
    step_name: entry.stepName,
    attempt: entry.attempt,
    from_state: manual?.fromState ?? 'in_progress',
    to_state: toStateOf(entry),
    performed_by: manual?.by ?? null,
    reason: manual?.reason ?? null,
  };
}

/** For a worker's answer Tasker's audit names the state in which it is handed to the orchestration. */
const TO_STATES: Readonly<Record<Exclude<AuditedAction, 'attempt_lost'>, AuditToState>> = {
  attempt_succeeded: 'enqueued_for_orchestration',
  attempt_failed: 'enqueued_as_error_for_orchestration',
  attempt_handed_back: 'enqueued',
  reset_for_retry: 'enqueued',
  resolved_manually: 'resolved_manually',
  completed_manually: 'complete',
};

function toStateOf({ action, envelope }: StepAuditEntry): AuditToState {
  if (action !== 'attempt_lost') return TO_STATES[action];
  return envelope?.metadata.retryable === false ? 'error' : 'enqueued';
}
