import type { Violation } from './errors.js';
import { inspectJson, jsonProblem, storedJson } from './json.check.js';
import type { JsonProblem } from './json.check.js';
import type { TaskRequest } from './task.types.js';
import { checkText, LONGEST, MOST_TAGS } from './text.limits.js';
import { isUuid } from './uuid.check.js';

/** A request, and what is wrong with it. */
export interface CheckedTaskRequest {
  readonly violations: readonly Violation[];
  /** With the context as it is read back: a Date in it is a text by then. */
  readonly request: TaskRequest;
}

/**
 * Checks a request. The types say most of it, but a caller in JavaScript, or one that casts, must not be able to store what
 * PostgreSQL or a handler can't take. Paths are spelled as in the REST API.
 */
export function checkTaskRequest(given: TaskRequest): CheckedTaskRequest {
  const { problem, verbatim } = inspectJson(given.context);
  const request = problem !== null || verbatim ? given : { ...given, context: storedJson(given.context) };
  const violations = [
    ...checkText('namespace', request.namespace, LONGEST.name),
    ...checkText('name', request.name, LONGEST.name),
    ...checkText('version', request.version, LONGEST.name),
    ...object('context', request.context, problem),
    ...optional(request.initiator, (value) => checkText('initiator', value, LONGEST.initiator)),
    ...optional(request.sourceSystem, (value) => checkText('source_system', value, LONGEST.sourceSystem)),
    ...optional(request.reason, (value) => checkText('reason', value, LONGEST.reason)),
    ...optional(request.tags, tags),
    ...optional(request.priority, (value) => integer('priority', value, -100, 100)),
    ...optional(request.correlationId, (value) => uuid('correlation_id', value)),
    ...optional(request.parentCorrelationId, (value) => uuid('parent_correlation_id', value)),
    ...optional(request.idempotencyKey, (value) =>
      checkText('idempotency_key', value, LONGEST.idempotencyKey),
    ),
    ...optional(request.claimTimeoutSeconds, (value) => integer('claim_timeout_seconds', value, 1, 3600)),
    ...optional(request.options, (value) => object('options', value, jsonProblem(value))),
  ];
  return { violations, request };
}

function optional<T>(value: T | undefined, check: (value: T) => readonly Violation[]): readonly Violation[] {
  return value === undefined ? [] : check(value);
}

function tags(value: unknown): readonly Violation[] {
  if (!Array.isArray(value)) return [{ path: 'tags', message: 'expected a list of texts' }];
  if (value.length > MOST_TAGS)
    return [{ path: 'tags', message: `expected at most ${MOST_TAGS} tags, got ${value.length}` }];
  return Array.from<unknown>(value).flatMap((tag, index) => checkText(`tags[${index}]`, tag, LONGEST.tag));
}

function integer(path: string, value: unknown, lowest: number, highest: number): readonly Violation[] {
  return typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest
    ? []
    : [{ path, message: `expected an integer from ${lowest} to ${highest}, got ${String(value)}` }];
}

function uuid(path: string, value: unknown): readonly Violation[] {
  return isUuid(value) ? [] : [{ path, message: 'expected a uuid' }];
}

function object(path: string, value: unknown, problem: JsonProblem | null): readonly Violation[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, message: 'expected an object' }];
  }
  return problem === null ? [] : [{ path: `${path}${problem.path}`, message: problem.message }];
}
