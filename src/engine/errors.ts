import { recogniseAcrossCopies } from '../copies/index.js';
import { MOST_VIOLATIONS } from '../templates/index.js';

/** One thing that is wrong with a value that came in, and where. */
export interface Violation {
  /** A path into the value, such as `context.even_number`. */
  readonly path: string;
  readonly message: string;
}

/** The base of every error that the engine raises on purpose: `code` is stable, `message` is for people. */
export abstract class TaskerError extends Error {
  static {
    recogniseAcrossCopies(this, 'TaskerError');
  }

  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request names a template that this service does not have. */
export class TemplateNotFoundError extends TaskerError {
  readonly code = 'TEMPLATE_NOT_FOUND';

  /** @param advice what follows the identity in the message, such as a near name */
  constructor(namespace: string, name: string, version: string, advice = '') {
    super(`Task template not found: ${namespace}/${name}/${version}${advice}`);
  }
}

/** No task, or no step of the task, has this id. */
export class NotFoundError extends TaskerError {
  readonly code = 'NOT_FOUND';
}

/** An id that should be a uuid is not. */
export class InvalidUuidError extends TaskerError {
  readonly code = 'INVALID_UUID';
}

/** Violations in words: `items[0].sku: is required; and 3 more`. */
export function violationText(violations: readonly Violation[], rest: string | null): string {
  const told = violations.map(({ path, message }) => `${path}: ${message}`);
  return [...told, ...(rest === null ? [] : [`and ${rest}`])].join('; ');
}

/** The first hundred in words, and that there are more. */
export function toldViolations(found: readonly Violation[]): string {
  const { violations, rest } = firstViolations(found);
  return violationText(violations, rest);
}

/** The first violations of a list that a check has ended early, and in words how many are left out. */
function firstViolations(found: readonly Violation[]): {
  readonly violations: readonly Violation[];
  readonly rest: string | null;
} {
  const left = found.length - MOST_VIOLATIONS;
  return left <= 0
    ? { violations: found, rest: null }
    : { violations: found.slice(0, MOST_VIOLATIONS), rest: `at least ${left} more` };
}

/** The request or its context breaks a rule; `violations` names each place, up to a hundred. */
export class InvalidTaskRequestError extends TaskerError {
  static {
    recogniseAcrossCopies(this, 'InvalidTaskRequestError');
  }

  readonly code = 'INVALID_TASK_REQUEST';
  readonly violations: readonly Violation[];
  /** How many are left out, such as "at least 1 more"; null: none. */
  readonly rest: string | null;

  constructor(found: readonly Violation[]) {
    const { violations, rest } = firstViolations(found);
    super(`The task request is not valid: ${violationText(violations, rest)}`);
    this.violations = violations;
    this.rest = rest;
  }
}

/**
 * A task with the same identity is kept already, and this request is not a repeat of its request. Tasker's clients
 * recognise it by the words "identity" and "already exists" in the message.
 */
export class DuplicateTaskError extends TaskerError {
  static {
    recogniseAcrossCopies(this, 'DuplicateTaskError');
  }

  readonly code = 'DUPLICATE_TASK';

  constructor(
    message: string,
    readonly existingTaskUuid: string,
  ) {
    super(message);
  }
}

/** What was asked can't be done in the state that the task or step is in. */
export class InvalidStateError extends TaskerError {
  readonly code = 'INVALID_STATE';
}

/** `submit` was given a client of the caller's, and the task would exist whatever became of the caller's transaction. */
export class NoTransactionError extends TaskerError {
  readonly code = 'NO_TRANSACTION';

  constructor(problem: string) {
    super(`${problem}: pass a client on which BEGIN was run, or none`);
  }
}

/** `waitFor` ran out of time; the task goes on. */
export class WaitTimeoutError extends TaskerError {
  readonly code = 'WAIT_TIMEOUT';
}
