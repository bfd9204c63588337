import { HttpException } from '@nestjs/common';

import { requestFailure } from '../database/index.js';
import { DuplicateTaskError, InvalidTaskRequestError, TaskerError } from '../engine/index.js';
import type { Violation } from '../engine/index.js';
import { InvalidRequestError } from './api.errors.js';
import { type ErrorCode, STATUS_OF_CODE } from './error-codes.js';
import type { ErrorAnswer, ErrorBody } from './error-answer.types.js';
import { MAX_BODY_BYTES } from './json-body.middleware.js';
import { toWirePath } from './wire-path.format.js';

/** A body of nothing but mistakes would else be answered with a many times larger one. */
const MOST_DETAILS = 100;
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
export function toErrorAnswer(error: unknown): ErrorAnswer {
  return (
    answerTaskerError(error) ??
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

function answerTaskerError(error: unknown): ErrorAnswer | null {
  if (!(error instanceof TaskerError)) return null;
  const code = BY_TASKER_CODE.get(error.code);
  if (code === undefined) return null;
  const status = STATUS_OF_CODE[code];
  if (error instanceof InvalidTaskRequestError)
    return answerViolations(
      error.violations.map(({ path, message }) => ({ path: toWirePath(path), message })),
    );
  if (error instanceof InvalidRequestError) return answerViolations(error.violations);
  if (error instanceof DuplicateTaskError) {
    return answerWith(status, code, error.message, { existing_task_uuid: error.existingTaskUuid });
  }
  if (code === 'UNAUTHORIZED')
    return answerWith(status, code, error.message, {}, { 'WWW-Authenticate': 'Bearer realm="tasker"' });
  if (code === 'BACKPRESSURE' || code === 'RATE_LIMITED' || code === 'SERVICE_UNAVAILABLE')
    return answerLater(code, error.message, retryAfterSeconds(error));
  return answerWith(status, code, error.message);
}

function answerViolations(violations: readonly Violation[]): ErrorAnswer {
  const details = violations.slice(0, MOST_DETAILS).map(({ path, message }) => ({ path, message }));
  const more = violations.length > MOST_DETAILS ? `; and ${violations.length - MOST_DETAILS} more` : '';
  const listed = details.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return answerWith(400, 'BAD_REQUEST', `The request is not valid: ${listed}${more}`, { details });
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
