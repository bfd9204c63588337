import { mergeRetry } from './environment.merger.js';
import { publishedEvent } from './event.reader.js';
import { mapOf, type Fields } from './map.reader.js';
import { schema } from './schema.reader.js';
import {
  ALL_STEPS,
  BACKOFFS,
  type RetryOverride,
  type RetryPolicy,
  type StepHandlerReference,
  type StepTemplate,
} from './template.types.js';
import type { Cursor, Reader } from './value.cursor.js';
import { choice, flag, integer, jsonObject, listOf, onlyEmpty, text } from './value.readers.js';

const LONGEST_NAME = 255;
const DAY_IN_SECONDS = 86_400;
const HOUR_IN_MS = 3_600_000;
const MOST_EVENTS = 100;

/** A step as read, with the places that problems between steps are told at. */
export interface StepDraft {
  readonly step: StepTemplate;
  readonly nameCursor: Cursor;
  readonly dependenciesCursor: Cursor;
  readonly eventsCursor: Cursor;
}

/** Any language's spelling: `a.b.C`, `rust::a::C`, `Module::C`, `linear_step_1`. */
export const callable = text({
  expected: `a handler's key: 1 to ${LONGEST_NAME} characters without control characters or blanks around them`,
  allows: isPlainLine,
});

export const timeoutSeconds = integer(1, DAY_IN_SECONDS);

const stepName = text({
  expected: `a step name: 1 to ${LONGEST_NAME} characters without control characters or blanks around them, and not ${ALL_STEPS}`,
  allows: (name) => isPlainLine(name) && name !== ALL_STEPS,
});

const methodName = text({
  expected: 'the name of a method of the handler',
  // Every object has toString and the like: a handler can't mean those.
  allows: (name) =>
    name.length <= LONGEST_NAME && /^[A-Za-z_$][\w$]*$/.test(name) && !(name in Object.prototype),
});

const handler = mapOf((key): StepHandlerReference => ({
  callable: key.required('callable', callable),
  method: key.optional('method', methodName, 'call'),
  resolver: key.optional('resolver', text(), null),
  initialization: key.optional('initialization', jsonObject, {}),
}));

const DEFAULT_RETRY: RetryPolicy = {
  retryable: true,
  maxAttempts: 3,
  backoff: 'exponential',
  backoffBaseMs: 1000,
  maxBackoffMs: 30_000,
};

/** Its keys where they are given. In an environment they override one by one; in a step the defaults fill up the rest. */
export const retryOverride = mapOf(retryKeys);

export const NO_RETRY_OVERRIDE: RetryOverride = {
  retryable: null,
  maxAttempts: null,
  backoff: null,
  backoffBaseMs: null,
  maxBackoffMs: null,
};

function retryKeys(key: Fields): RetryOverride {
  return {
    retryable: key.optional('retryable', flag, null),
    maxAttempts: key.optional(['max_attempts', 'limit'], integer(0, 100), null),
    backoff: key.optional('backoff', choice(...BACKOFFS), null),
    backoffBaseMs: key.optional('backoff_base_ms', integer(0, HOUR_IN_MS), null),
    maxBackoffMs: key.optional('max_backoff_ms', integer(0, Number.MAX_SAFE_INTEGER), null),
  };
}

const retry = mapOf((key): RetryPolicy => {
  const policy = mergeRetry(DEFAULT_RETRY, retryKeys(key));
  const problem = backoffBoundsProblem(policy);
  if (problem !== null) key.cursor('max_backoff_ms').report(problem);
  return policy;
});

/** What is wrong between the two bounds, which may come from the step, from an environment or from the defaults. */
export function backoffBoundsProblem({ backoffBaseMs, maxBackoffMs }: RetryPolicy): string | null {
  if (maxBackoffMs >= backoffBaseMs) return null;
  return `expected max_backoff_ms to be at least backoff_base_ms (${backoffBaseMs}), got ${maxBackoffMs}`;
}

export const stepDraft: Reader<StepDraft> = mapOf((key) => ({
  step: {
    index: key.here.index,
    name: key.required('name', stepName),
    description: key.optional('description', text(), null),
    systemDependency: key.optional('system_dependency', text(), null),
    type: key.optional(['type', 'step_type'], stepType, 'standard'),
    handler: key.required('handler', handler),
    dependencies: key.optional(['dependencies', 'depends_on'], listOf(text()), []),
    retry: key.optional('retry', retry, DEFAULT_RETRY),
    timeoutSeconds: key.optional('timeout_seconds', timeoutSeconds, null),
    resultSchema: key.optional('result_schema', schema, null),
    publishesEvents: key.optional('publishes_events', listOf(publishedEvent, 0, MOST_EVENTS), []),
    ...refused(key),
  },
  nameCursor: key.cursor('name'),
  dependenciesCursor: key.cursor(['dependencies', 'depends_on']),
  eventsCursor: key.cursor('publishes_events'),
}));

const anyStepType = choice('standard', 'decision', 'deferred_convergence', 'batchable', 'batch_worker');

function stepType(cursor: Cursor): 'standard' {
  const type = anyStepType(cursor);
  if (type !== 'standard') cursor.report(`steps of type ${type} are not supported yet; only standard is`);
  return 'standard';
}

/** Adds nothing to the step. */
function refused(key: Fields): object {
  key.optional('batch_config', onlyEmpty(null, 'batch steps are not supported yet'), null);
  key.optional(
    'composition',
    onlyEmpty(null, "Tasker's action grammar is not supported; name a handler instead"),
    null,
  );
  return {};
}

function isPlainLine(words: string): boolean {
  return words.length > 0 && words.length <= LONGEST_NAME && !/\p{Cc}/u.test(words) && words.trim() === words;
}
