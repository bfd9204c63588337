import { HttpException } from '@nestjs/common';

import { requestFailure } from '../database/index.js';
import { DuplicateTaskError, InvalidTaskRequestError, TaskerError, violationText } from '../engine/index.js';
import type { Violation } from '../engine/index.js';
import { MOST_VIOLATIONS } from '../templates/index.js';
import { InvalidRequestError } from './api.errors.js';
import { type ErrorCode, STATUS_OF_CODE } from './error-codes.js';
import type { ErrorAnswer, ErrorBody } from './error-answer.types.js';
import { MAX_BODY_BYTES } from './json-body.middleware.js';
import { toWirePath } from './wire-path.format.js';

const DEFAULT_RETRY_AFTER_SECONDS = 1;

/** The code of an answer for an error of the engine, by the error's own. */
const BY_TASKER_CODE: ReadonlyMap<string, ErrorCode> = new Map([
  ['BAD_REQUEST', 'BAD_REQUEST'],
  ['JSON_ERROR', 'JSON_ERROR'],
  ['INVALID_UUID', 'INVALID_UUID'],
  ['INVALID_TASK_REQUEST', 'BAD_REQUEST'],
  ['INVALID_STATE', 'BAD_REQUEST'],
  ['NOT_FOUND', 'NOT_FOUND'],
  ['TEMPLATE_NOT_FOUND', 'NOT_FOUND'],
  ['WAIT_TIMEOUT', 'TIMEOUT'],
  ['DUPLICATE_TASK', 'CONFLICT'],
  ['UNSUPPORTED_MEDIA_TYPE', 'UNSUPPORTED_MEDIA_TYPE'],
  ['UNAUTHORIZED', 'UNAUTHORIZED'],
  ['FORBIDDEN', 'FORBIDDEN'],
  ['RATE_LIMITED', 'RATE_LIMITED'],
  ['TIMEOUT', 'TIMEOUT'],
  ['BACKPRESSURE', 'BACKPRESSURE'],
  ['SERVICE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'],
]);

/** The code of an answer for an error of the framework, by its status. */
const BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [405, 'METHOD_NOT_ALLOWED'],
  [408, 'TIMEOUT'],
  [409, 'CONFLICT'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [429, 'RATE_LIMITED'],
  [503, 'SERVICE_UNAVAILABLE'],
]);

/** What a client is told about `error`: never a stack trace, never SQL, nothing that was not meant for it. */
export function toErrorAnswer(error: unknown, mostDetails = MOST_VIOLATIONS): ErrorAnswer {
  return (
    answerTaskerError(error, mostDetails) ??
    answerHttpException(error) ??
    answerDatabaseFailure(error) ??
    answerWith(500, 'INTERNAL_ERROR', 'Something went wrong inside the service; its log says what')
  );
}

/** The answer to what HTTP itself, or the framework, finds wrong with a request. */
export function answerHttpFailure(status: number, message: string): ErrorAnswer {
  const code = BY_STATUS.get(status) ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR');
  if (status < 500) {
    return answerWith(
      status,
      code,
      status === 413 ? `The body is larger than ${MAX_BODY_BYTES} bytes` : message,
    );
  }
  // What such an error says was written for the log.
  return code === 'SERVICE_UNAVAILABLE'
    ? answerLater(code, 'The service is not available now')
    : answerWith(status, code, 'The request failed');
}

function answerTaskerError(error: unknown, mostDetails: number): ErrorAnswer | null {
  if (!(error instanceof TaskerError)) return null;
  const code = BY_TASKER_CODE.get(error.code);
  if (code === undefined) return null;
  const status = STATUS_OF_CODE[code];
  if (error instanceof InvalidTaskRequestError)
    return answerViolations(
      error.violations.map(({ path, message }) => ({ path: toWirePath(path), message })),
      error.rest,
      mostDetails,
    );
  if (error instanceof InvalidRequestError)
    return answerViolations(error.violations, error.rest, mostDetails);
  if (error instanceof DuplicateTaskError) {
    return answerWith(status, code, error.message, { existing_task_uuid: error.existingTaskUuid });
  }
  if (code === 'UNAUTHORIZED')
    return answerWith(status, code, error.message, {}, { 'WWW-Authenticate': 'Bearer realm="tasker"' });
  if (code === 'BACKPRESSURE' || code === 'RATE_LIMITED' || code === 'SERVICE_UNAVAILABLE')
    return answerLater(code, error.message, retryAfterSeconds(error));
  return answerWith(status, code, error.message);
}

/** @param rest how many violations are not among these */
function answerViolations(
  violations: readonly Violation[],
  rest: string | null,
  mostDetails: number,
): ErrorAnswer {
  const details = violations.slice(0, mostDetails).map(({ path, message }) => ({ path, message }));
  const cut = violations.length - details.length;
  const more = cut > 0 ? `at least ${cut} more` : rest;
  const message = `The request is not valid: ${violationText(details, more)}`;
  return answerWith(400, 'BAD_REQUEST', message, { details });
}

function retryAfterSeconds(error: TaskerError): number {
  const seconds = 'retryAfterSeconds' in error ? error.retryAfterSeconds : undefined;
  return typeof seconds === 'number' ? Math.ceil(seconds) : DEFAULT_RETRY_AFTER_SECONDS;
}

function answerHttpException(error: unknown): ErrorAnswer | null {
  return error instanceof HttpException ? answerHttpFailure(error.getStatus(), error.message) : null;
}

function answerDatabaseFailure(error: unknown): ErrorAnswer | null {
  const failure = requestFailure(error);
  if (failure === null) return null;
  return failure === 'unavailable'
    ? answerLater('SERVICE_UNAVAILABLE', 'The database can not do this now; try again in a moment')
    : answerWith(500, 'DATABASE_ERROR', 'The database refused the operation; the log says why');
}

/** The client may make the same request again after some time. */
function answerLater(
  code: ErrorCode,
  message: string,
  seconds: number = DEFAULT_RETRY_AFTER_SECONDS,
): ErrorAnswer {
  const headers = { 'Retry-After': String(seconds) };
  return answerWith(STATUS_OF_CODE[code], code, message, { retry_after_seconds: seconds }, headers);
}

function answerWith(
  status: number,
  code: ErrorCode,
  message: string,
  extra: Omit<ErrorBody['error'], 'code' | 'message'> = {},
  headers: ErrorAnswer['headers'] = {},
): ErrorAnswer {
  return { status, headers, body: { error: { code, message, ...extra } } };
}
