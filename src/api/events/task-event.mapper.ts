import { stepUuid } from '../../engine/index.js';
import type { RecordedTaskEvent, RunningStep } from '../../engine/index.js';
import { zoned } from '../timestamp.format.js';
import type { TaskStateChange } from './task-event.responses.js';

/** From which state to which, by the kind of `tasker.events`; what was done by hand says itself where it began. */
const STEP_CHANGES: ReadonlyMap<number, readonly [from: string, to: string]> = new Map([
  [1, ['in_progress', 'complete']],
  [2, ['in_progress', 'waiting_for_retry']],
  [3, ['in_progress', 'error']],
  [4, ['in_progress', 'enqueued']],
  [5, ['in_progress', 'enqueued']],
  [6, ['error', 'enqueued']],
  [7, ['error', 'resolved_manually']],
  [8, ['error', 'complete']],
]);

/** By the stored status of a task. */
const TASK_STATUSES = ['steps_in_process', 'blocked_by_failures', 'complete', 'error', 'cancelled'] as const;

export function toStateChange(taskUuid: string, event: RecordedTaskEvent): TaskStateChange {
  const recorded_at = zoned(new Date(event.recorded_at));
  const [from, to] = STEP_CHANGES.get(event.kind) ?? ['', ''];
  const { detail } = event;
  if (event.step_index === null || event.step_name === null) {
    return {
      task_uuid: taskUuid,
      from_state: TASK_STATUSES[event.from_status ?? 0] ?? '',
      to_state: TASK_STATUSES[event.to_status ?? 0] ?? '',
      recorded_at,
      ...(detail?.exceeded_limit != null && { exceeded_limit: detail.exceeded_limit }),
    };
  }
  return {
    task_uuid: taskUuid,
    step_uuid: stepUuid(taskUuid, event.step_index),
    step: event.step_name,
    from_state: detail?.from_state ?? from,
    to_state: to,
    recorded_at,
    ...(event.attempt !== null && { attempt: event.attempt }),
    ...(event.retry_delay_ms !== null && { retry_delay_ms: event.retry_delay_ms }),
    ...(detail?.message != null && {
      error: { message: detail.message, error_code: detail.error_code, retryable: detail.retryable === true },
    }),
    ...(detail?.by != null && { performed_by: detail.by }),
    ...(detail?.reason != null && { reason: detail.reason }),
  };
}

export function toStart(taskUuid: string, step: RunningStep): TaskStateChange {
  return {
    task_uuid: taskUuid,
    step_uuid: stepUuid(taskUuid, step.step_index),
    step: step.step_name,
    from_state: 'enqueued',
    to_state: 'in_progress',
    recorded_at: zoned(new Date(step.started_at)),
    attempt: step.attempt,
  };
}
