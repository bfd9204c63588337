import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiSecurity } from '@nestjs/swagger';

import { type ErrorCode, STATUS_OF_CODE } from '../error-codes.js';
import { type Permission, RequiresOneOf } from '../security/permission.js';
import { ErrorResponse } from './error.response.js';

export interface OperationOptions {
  readonly summary: string;
  readonly description?: string;
  /** Any one of these opens the operation; an empty list: no credentials are asked for. */
  readonly permissions: readonly Permission[];
  /** The class of what a success answers, its fields described by `@ApiProperty`; `[Class]` for an array of it. */
  readonly answer: Type | readonly [Type];
  /** What can go wrong apart from what every operation answers (see `COMMON_ERRORS`), each with an example message. */
  readonly errors?: Partial<Record<ErrorCode, string>>;
}

const SECURED_ERRORS = {
  UNAUTHORIZED: 'Send an API key in X-API-Key, or a token in Authorization: Bearer',
  FORBIDDEN: 'This needs the permission tasks:read',
} as const satisfies Partial<Record<ErrorCode, string>>;

const COMMON_ERRORS = {
  BAD_REQUEST: 'The request is not valid: nonsense: is not a known parameter',
  RATE_LIMITED: 'Too many requests; try again in 1 s',
  DATABASE_ERROR: 'The database refused the operation; the log says why',
  INTERNAL_ERROR: 'Something went wrong inside the service; its log says what',
  SERVICE_UNAVAILABLE: 'The database cannot be reached now; try again in a moment',
} as const satisfies Partial<Record<ErrorCode, string>>;

/**
 * One operation of the API: its status (200, also for what is new: Tasker's clients expect no other), who may ask for it,
 * and what the OpenAPI document says of it.
 */
export function Operation(options: OperationOptions): MethodDecorator {
  const { summary, description, permissions, answer, errors } = options;
  const secured = permissions.length > 0;
  const examples = { ...COMMON_ERRORS, ...(secured && SECURED_ERRORS), ...errors };
  return applyDecorators(
    HttpCode(200),
    RequiresOneOf(permissions),
    ApiOperation({ summary, description: describe(description, permissions) }),
    isList(answer) ? ApiOkResponse({ type: answer[0], isArray: true }) : ApiOkResponse({ type: answer }),
    ...errorResponses(examples),
    ...(secured ? [ApiSecurity('apiKey'), ApiSecurity('bearer')] : []),
  );
}

function describe(description: string | undefined, permissions: readonly Permission[]): string {
  const needs = permissions.length === 0 ? [] : [`Needs the permission ${permissions.join(' or ')}.`];
  return [...(description === undefined ? [] : [description]), ...needs].join('\n\n');
}

/** One response a status, with an example a code. */
function errorResponses(examples: Partial<Record<ErrorCode, string>>): readonly MethodDecorator[] {
  const byStatus = new Map<number, Record<string, { summary: string; value: ErrorResponse }>>();
  for (const [code, message] of Object.entries(examples)) {
    if (!isErrorCode(code)) continue;
    const status = STATUS_OF_CODE[code];
    byStatus.set(status, {
      ...byStatus.get(status),
      [code]: { summary: code, value: { error: { code, message } } },
    });
  }
  return [...byStatus].map(([status, values]) =>
    ApiResponse({
      status,
      description: Object.keys(values).join(' or '),
      type: ErrorResponse,
      examples: values,
    }),
  );
}

function isErrorCode(code: string): code is ErrorCode {
  return code in STATUS_OF_CODE;
}

function isList(answer: OperationOptions['answer']): answer is readonly [Type] {
  return Array.isArray(answer);
}
