import { jsonProblem, storableText, storedJson, toldViolations } from '../engine/index.js';
import type { AttemptKey, FailureDetail, JsonObject, RegisteredStep, StepReport } from '../engine/index.js';
import { isJsonObject } from '../templates/index.js';
import { PermanentStepError, RetryableStepError, StepAbortedError } from './step-errors.js';
import { StepFailure, StepSuccess } from './step-execution-result.js';
import type { StepFailureOptions } from './step-execution-result.js';

export interface ReportRules {
  readonly maxResultBytes: number;
  readonly retryJitter: boolean;
}

/** Longer texts are cut: an error is there to be read. */
const LONGEST_MESSAGE = 10_000;
const MOST_BACKTRACE_LINES = 30;
const LARGEST_CONTEXT_BYTES = 65_536;
const NO_METADATA = 'null';

/**
 * What a handler answered with becomes what is recorded; a result that can't be kept becomes a failure that says why.
 * Never throws, whatever the answer does when it is read: getters, `toJSON` methods and proxies are the handler's code.
 */
export function reportAnswer(
  attempt: AttemptKey,
  step: RegisteredStep,
  answer: unknown,
  rules: ReportRules,
): StepReport {
  try {
    return readAnswer(attempt, step, answer, rules);
  } catch (error) {
    const message = `The handler's answer can't be kept: reading it threw: ${textOf(error)}`;
    return refused(attempt, step, 'INVALID_RESULT', message, rules);
  }
}

/** What a handler threw, or what ended its attempt for it, becomes a failure. Never throws, as `reportAnswer`. */
export function reportError(
  attempt: AttemptKey,
  step: RegisteredStep,
  error: unknown,
  rules: ReportRules,
): StepReport {
  try {
    return failed(attempt, step, failureOf(error), backtraceOf(error), rules);
  } catch (secondError) {
    const message = `The handler threw something that can't be read: ${textOf(secondError)}`;
    return failed(attempt, step, { message, errorType: typeof error, retryable: true }, [], rules);
  }
}

function readAnswer(
  attempt: AttemptKey,
  step: RegisteredStep,
  answer: unknown,
  rules: ReportRules,
): StepReport {
  if (answer instanceof StepFailure) return failed(attempt, step, answer.options, [], rules);
  const { result, metadata } = answer instanceof StepSuccess ? answer : { result: answer, metadata: null };

  const invalid = describeInvalid('result', result) ?? describeInvalid('metadata', metadata);
  if (invalid !== null) return refused(attempt, step, 'INVALID_RESULT', invalid, rules);

  const resultJson = JSON.stringify(result);
  const metadataJson = metadata === null ? NO_METADATA : JSON.stringify(metadata);
  if (metadata !== null && !metadataJson.startsWith('{')) {
    const message = "The handler's answer can't be kept: metadata: expected an object";
    return refused(attempt, step, 'INVALID_RESULT', message, rules);
  }
  const bytes = Buffer.byteLength(resultJson) + (metadata === null ? 0 : Buffer.byteLength(metadataJson));
  if (bytes > rules.maxResultBytes) {
    const message = `The result has ${bytes} bytes; at most ${rules.maxResultBytes} are kept (TASKER_MAX_RESULT_BYTES)`;
    return refused(attempt, step, 'RESULT_TOO_LARGE', message, rules);
  }
  const violations =
    step.template.resultSchema === null ? [] : step.checkResult(asStored(result, resultJson), 'result');
  if (violations.length > 0) {
    const message = `The result breaks the result_schema: ${toldViolations(violations)}`;
    return refused(attempt, step, 'RESULT_SCHEMA', message, rules);
  }
  // Written out: a spread costs more than everything else here.
  const { taskUuid, stepIndex, token } = attempt;
  return { taskUuid, stepIndex, token, outcome: 'succeeded', resultJson, metadataJson };
}

/** What is read back later: an object may say something else of itself as JSON. */
function asStored(result: unknown, resultJson: string): unknown {
  return typeof result === 'object' ? JSON.parse(resultJson) : result;
}

function failureOf(error: unknown): StepFailureOptions {
  if (error instanceof PermanentStepError) {
    return {
      errorType: error.name,
      ...error.options,
      message: error.message,
      errorCode: error.code,
      retryable: false,
    };
  }
  if (error instanceof RetryableStepError) {
    return {
      errorType: error.name,
      ...error.options,
      message: error.message,
      errorCode: error.code,
      retryable: true,
    };
  }
  if (error instanceof StepAbortedError) {
    return { message: error.message, errorCode: error.code, errorType: 'TimeoutError', retryable: true };
  }
  if (error instanceof Error) {
    return {
      message: error.message || error.name,
      errorCode: 'HANDLER_ERROR',
      errorType: error.name,
      retryable: true,
    };
  }
  return {
    message: describeThrown(error),
    errorCode: 'HANDLER_ERROR',
    errorType: typeof error,
    retryable: true,
  };
}

function failed(
  attempt: AttemptKey,
  { template: { retry } }: RegisteredStep,
  options: StepFailureOptions,
  backtrace: readonly string[],
  { retryJitter }: ReportRules,
): StepReport {
  const retryable = retry.retryable && (options.retryable ?? true);
  const failure: FailureDetail = {
    message: storableText(options.message, LONGEST_MESSAGE),
    error_code: storableText(options.errorCode ?? 'HANDLER_ERROR', 255),
    error_type: storableText(options.errorType ?? 'StepFailure', 255),
    retryable,
    status_code: Number.isSafeInteger(options.statusCode) ? (options.statusCode ?? null) : null,
    context: storableContext(options.context ?? {}),
    backtrace,
  };
  return {
    taskUuid: attempt.taskUuid,
    stepIndex: attempt.stepIndex,
    token: attempt.token,
    outcome: 'failed',
    failure,
    retry: {
      retryable,
      maxAttempts: retry.maxAttempts,
      backoff: retry.backoff,
      backoffBaseMs: retry.backoffBaseMs,
      maxBackoffMs: retry.maxBackoffMs,
      jitter: retryJitter,
      retryAfterMs: retryAfterMs(options.retryAfterSeconds),
    },
  };
}

function refused(
  attempt: AttemptKey,
  step: RegisteredStep,
  errorCode: string,
  message: string,
  rules: ReportRules,
): StepReport {
  return failed(
    attempt,
    step,
    { message, errorCode, errorType: 'InvalidResultError', retryable: false },
    [],
    rules,
  );
}

function describeInvalid(part: string, value: unknown): string | null {
  const problem = jsonProblem(value);
  return problem === null
    ? null
    : `The handler's answer can't be kept: ${part}${problem.path}: ${problem.message}`;
}

function retryAfterMs(seconds: number | undefined): number | null {
  if (seconds === undefined || !Number.isFinite(seconds)) return null;
  return Math.max(0, Math.min(Math.round(seconds * 1000), Number.MAX_SAFE_INTEGER));
}

function describeThrown(thrown: unknown): string {
  const problem = jsonProblem(thrown);
  const text = problem === null ? JSON.stringify(thrown) : Object.prototype.toString.call(thrown);
  return `The handler threw something that is not an Error: ${text}`;
}

function backtraceOf(error: unknown): readonly string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
  return error.stack
    .split('\n')
    .slice(1, MOST_BACKTRACE_LINES + 1)
    .map((line) => storableText(line.trim(), 500));
}

/** A copy, so that what is sent later is what was checked here. */
function storableContext(context: JsonObject): JsonObject {
  try {
    const problem = jsonProblem(context);
    if (problem !== null) return droppedContext(`${problem.path} could not be kept: ${problem.message}`);
    const bytes = Buffer.byteLength(JSON.stringify(context) ?? '');
    if (bytes > LARGEST_CONTEXT_BYTES)
      return droppedContext(` has ${bytes} bytes; at most ${LARGEST_CONTEXT_BYTES} are kept`);
    const stored = storedJson(context);
    return isJsonObject(stored) ? stored : droppedContext(' could not be kept: expected an object');
  } catch (error) {
    return droppedContext(` could not be kept: reading it threw: ${textOf(error)}`);
  }
}

/** The reason may name a key that can't be stored. */
function droppedContext(reason: string): JsonObject {
  return { dropped: storableText(`the context${reason}`, LONGEST_MESSAGE) };
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'something that has no text';
  }
}
