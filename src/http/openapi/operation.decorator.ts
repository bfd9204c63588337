import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, ApiSecurity, getSchemaPath } from '@nestjs/swagger';
import type { ApiResponseOptions } from '@nestjs/swagger';

import { type ErrorCode, STATUS_OF_CODE } from '../error-codes.js';
import { LongLived } from '../request-timeout.interceptor.js';
import { type Permission, RequiresOneOf } from '../security/permission.js';
import { CREDENTIALS, HEADERS } from './api-document.parts.js';
import { ErrorResponse } from './error.response.js';

type Headers = NonNullable<ApiResponseOptions['headers']>;
type Content = NonNullable<ApiResponseOptions['content']>;

/** A success that is not an object of one class: media types, with their schemas and examples. */
export interface RawAnswer {
  readonly description: string;
  readonly content: Content;
}

export interface OperationOptions {
  /** What generated clients call it; unique. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Any one of these opens the operation; an empty list: no credentials are asked for. */
  readonly permissions: readonly Permission[];
  /** The class of what a success answers, its fields described by `@ApiProperty`; `[Class]` for an array of it. */
  readonly answer: Type | readonly [Type] | RawAnswer;
  /** What can go wrong apart from what every operation of its kind answers, each with an example message. */
  readonly errors?: Examples;
  /** It keeps its client waiting on purpose, and is not cut short. */
  readonly longLived?: true;
}

type Examples = Partial<Record<ErrorCode, string>>;

const EVERY_ERROR: Examples = {
  INTERNAL_ERROR: 'Something went wrong inside the service; its log says what',
};

const TIMEOUT: Examples = { TIMEOUT: 'No answer was ready within 30 s; it may be later' };

/** What an operation can answer that asks for credentials, and the database. */
const SECURED_ERRORS: Examples = {
  UNAUTHORIZED: 'Say who you are: send an API key in X-API-Key',
  RATE_LIMITED: 'Too many requests; try again in 1 s',
  DATABASE_ERROR: 'The database refused the operation; the log says why',
  SERVICE_UNAVAILABLE: 'The database can not do this now; try again in a moment',
};

/** Their answers say when to ask again. */
const LATER: ReadonlySet<string> = new Set(['RATE_LIMITED', 'BACKPRESSURE', 'SERVICE_UNAVAILABLE']);

/** What is told beside the message, by code. */
const DETAILS: Partial<Record<ErrorCode, object>> = {
  CONFLICT: { existing_task_uuid: '0197a0de-0000-7000-8000-000000000001' },
  RATE_LIMITED: { retry_after_seconds: 1 },
  BACKPRESSURE: { retry_after_seconds: 5 },
  SERVICE_UNAVAILABLE: { retry_after_seconds: 1 },
};

/**
 * One operation of the API: its status (200, also for what is new: Tasker's clients expect no other), who may ask for it, how long
 * it may take, and what the OpenAPI document says of it.
 */
export function Operation(options: OperationOptions): MethodDecorator {
  const { id, summary, description, permissions, answer, longLived } = options;
  return applyDecorators(
    HttpCode(200),
    RequiresOneOf(permissions),
    ...(longLived ? [LongLived(true)] : []),
    ApiOperation({ operationId: id, summary, description: describe(description, permissions) }),
    ApiExtraModels(ErrorResponse),
    ApiResponse({ status: 200, headers: HEADERS.everyAnswer, ...success(answer) }),
    ...errorResponses(examplesFor(options)),
    ...(permissions.length > 0 ? Object.values(CREDENTIALS).map((name) => ApiSecurity(name)) : []),
  );
}

function describe(description: string | undefined, permissions: readonly Permission[]): string {
  const needs = permissions.length === 0 ? [] : [`Needs the permission ${permissions.join(' or ')}.`];
  return [...(description === undefined ? [] : [description]), ...needs].join('\n\n');
}

function success(answer: OperationOptions['answer']): ApiResponseOptions {
  if (isList(answer)) return { type: answer[0], isArray: true, description: 'OK' };
  return 'content' in answer ? { ...answer } : { type: answer, description: 'OK' };
}

function examplesFor({ permissions, errors, longLived }: OperationOptions): Examples {
  return {
    ...EVERY_ERROR,
    ...(longLived ? {} : TIMEOUT),
    ...(permissions.length > 0 && {
      ...SECURED_ERRORS,
      FORBIDDEN: `This needs the permission ${permissions.join(' or ')}`,
    }),
    ...errors,
  };
}

/** One response a status, with an example a code. */
function errorResponses(examples: Examples): readonly MethodDecorator[] {
  const byStatus = new Map<number, Record<string, { summary: string; value: ErrorResponse }>>();
  for (const [code, message] of Object.entries(examples)) {
    if (!isErrorCode(code)) continue;
    const status = STATUS_OF_CODE[code];
    byStatus.set(status, {
      ...byStatus.get(status),
      [code]: { summary: code, value: { error: { code, message, ...DETAILS[code] } } },
    });
  }
  return [...byStatus].map(([status, values]) =>
    ApiResponse({
      status,
      description: Object.keys(values).join(' or '),
      headers: headersFor(Object.keys(values)),
      // Not by type: whatever else an operation answers with, an error is JSON.
      content: {
        'application/json': { schema: { $ref: getSchemaPath(ErrorResponse) }, examples: values },
      },
    }),
  );
}

function headersFor(codes: readonly string[]): Headers {
  return {
    ...HEADERS.everyAnswer,
    ...(codes.includes('UNAUTHORIZED') && HEADERS.unauthorized),
    ...(codes.some((code) => LATER.has(code)) && HEADERS.later),
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return code in STATUS_OF_CODE;
}

function isList(answer: OperationOptions['answer']): answer is readonly [Type] {
  return Array.isArray(answer);
}
