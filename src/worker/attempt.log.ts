import { stepUuid } from '../engine/index.js';
import type { AttemptKey, ClaimedStep, FailureDetail, StepReport } from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import type { AttemptEnd } from './running-attempt.js';

/** A line of the log carries these for each thing that is said of an attempt. */
export function attemptLogger(context: string, namespace: string, claim: ClaimedStep): FieldLogger {
  return new FieldLogger(context, {
    ...idsOf(claim),
    step: claim.name,
    namespace,
    attempt: claim.attempt,
    correlation_id: claim.correlationId,
  });
}

/** The ids of an attempt's task and step, as fields of a line of the log. */
export function idsOf({ taskUuid, stepIndex }: Pick<AttemptKey, 'taskUuid' | 'stepIndex'>): {
  readonly task_uuid: string;
  readonly step_uuid: string;
} {
  return { task_uuid: taskUuid, step_uuid: stepUuid(taskUuid, stepIndex) };
}

/**
 * One line a state change: at debug; at warn if the attempt failed and the step is tried again; at error, with "for good", if
 * it was the last one. A failure's line has the stack of what the handler threw.
 */
export function logAttemptEnd(logger: FieldLogger, { attempt }: ClaimedStep, end: AttemptEnd): void {
  if (end.kind === 'interrupted') {
    const { error_code, message } = end.failure;
    logger.warn({
      message: `Step handed back, for it failed after the shutdown had begun: ${error_code}: ${message}`,
      error_code,
      ...stackField(end.failure),
    });
  } else if (end.kind === 'dropped' && end.reason?.code === 'SHUTDOWN') {
    logger.warn('Step handed back unspent: it had not ended when the time for the shutdown was over');
  } else if (!('report' in end)) {
    logger.debug(end.kind === 'unknown' ? 'Step handed back: its transaction broke' : 'Step dropped');
  } else if (end.report.outcome === 'succeeded') {
    logger.debug('Step succeeded');
  } else {
    const { failure, retry } = end.report;
    const maxAttempts = Math.max(retry.maxAttempts, 1);
    const isLast = failsForGood(end.report, attempt);
    const line = {
      message: `Step failed${isLast ? ' for good' : ''}, attempt ${attempt} of ${maxAttempts}: ${failure.error_code}: ${failure.message}`,
      error_code: failure.error_code,
      retryable: failure.retryable,
      max_attempts: maxAttempts,
      ...stackField(failure),
    };
    if (isLast) logger.error(line);
    else logger.warn(line);
  }
}

/** Whether the database, once it has recorded the report, gives the step no further attempt. */
function failsForGood({ retry }: Extract<StepReport, { outcome: 'failed' }>, attempt: number): boolean {
  return !retry.retryable || attempt >= Math.max(retry.maxAttempts, 1);
}

/** What the handler threw, as Node prints it. */
function stackField({ error_type, message, backtrace }: FailureDetail): { readonly stack?: string } {
  if (backtrace.length === 0) return {};
  return { stack: [`${error_type}: ${message}`, ...backtrace].join('\n    ') };
}
