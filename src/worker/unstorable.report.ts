import { types } from 'node:util';
import type { RegisteredStep, StepReport } from '../engine/index.js';

/** Text that the database's encoding has no characters for, or that is no text of the client's encoding. */
const TEXT_STATES: ReadonlySet<unknown> = new Set(['22P05', '22021', '22P02']);

/** What the report on a success becomes that is not to be tried again. */
const FOR_GOOD = {
  retryable: false,
  maxAttempts: 1,
  backoff: 'none',
  backoffBaseMs: 0,
  maxBackoffMs: 0,
  jitter: false,
  retryAfterMs: null,
} as const;

/**
 * What is recorded in place of a report that the database refuses to store: a failure of characters that every encoding has. It ends
 * the step for good only if the same result would be refused for another reason than its text.
 *
 * @param step whose retries apply to a result with text that can't be stored
 */
export function storableReport(
  report: StepReport,
  cause: unknown,
  step: RegisteredStep | undefined,
  retryJitter: boolean,
): StepReport {
  if (report.outcome === 'failed') {
    const { events, failure } = report;
    return { ...report, failure: inAscii(failure), ...(events !== undefined && { events: inAscii(events) }) };
  }
  const isText = types.isNativeError(cause) && 'code' in cause && TEXT_STATES.has(cause.code);
  const retries = isText ? step?.template.retry : undefined;
  const { taskUuid, stepIndex, token } = report;
  return {
    taskUuid,
    stepIndex,
    token,
    outcome: 'failed',
    failure: inAscii({
      message: `The database can't store the result: ${cause instanceof Error ? cause.message : String(cause)}`,
      error_code: 'INVALID_RESULT',
      error_type: 'InvalidResultError',
      retryable: retries?.retryable ?? false,
      status_code: null,
      context: {},
      backtrace: [],
    }),
    retry:
      retries === undefined
        ? FOR_GOOD
        : {
            retryable: retries.retryable,
            maxAttempts: retries.maxAttempts,
            backoff: retries.backoff,
            backoffBaseMs: retries.backoffBaseMs,
            maxBackoffMs: retries.maxBackoffMs,
            jitter: retryJitter,
            retryAfterMs: null,
          },
  };
}

/** A copy with "?" for every character, in keys too, that some encoding does not have, and for control characters. */
function inAscii<T>(value: T): T {
  const text = JSON.stringify(value).replace(/\\u[0-9a-f]{4}|\\.|[^\x20-\x7e]+/gi, (found) =>
    found.startsWith('\\') && !found.startsWith('\\u') ? found : '?',
  );
  const copy: T = JSON.parse(text);
  return copy;
}
