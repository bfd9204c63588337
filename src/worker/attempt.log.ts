import { stepUuid } from '../engine/index.js';
import type { ClaimedStep } from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import type { AttemptEnd } from './running-attempt.js';

/** A line of the log carries these for each thing that is said of an attempt. */
export function attemptLogger(context: string, namespace: string, claim: ClaimedStep): FieldLogger {
  return new FieldLogger(context, {
    task_uuid: claim.taskUuid,
    step_uuid: stepUuid(claim.taskUuid, claim.stepIndex),
    step: claim.name,
    namespace,
    attempt: claim.attempt,
    correlation_id: claim.correlationId,
  });
}

/** One line a state change: at debug, and at warn where the attempt failed. */
export function logAttemptEnd(logger: FieldLogger, end: AttemptEnd): void {
  if (!('report' in end)) {
    logger.debug(end.kind === 'unknown' ? 'Step handed back: its transaction broke' : 'Step dropped');
  } else if (end.report.outcome === 'succeeded') {
    logger.debug('Step succeeded');
  } else {
    const { error_code, message, retryable } = end.report.failure;
    logger.warn({ message: `Step failed: ${error_code}: ${message}`, error_code, retryable });
  }
}
