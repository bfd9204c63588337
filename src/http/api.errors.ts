import { TaskerError, violationText } from '../engine/index.js';
import type { Violation } from '../engine/index.js';
import { pathWithin } from './value-path.format.js';

/** The body is not JSON; the message says what was expected, what came, and where. */
export class MalformedJsonError extends TaskerError {
  readonly code = 'JSON_ERROR';
}

/** The request is JSON but not what was asked for; `violations` names each place, up to a hundred. */
export class InvalidRequestError extends TaskerError {
  readonly code = 'BAD_REQUEST';

  /** @param rest how many violations are left out, such as "4900 more"; null: none */
  constructor(
    readonly violations: readonly Violation[],
    readonly rest: string | null = null,
  ) {
    super(`The request is not valid: ${violationText(violations, rest)}`);
  }

  /** The same, where the value is only a part of the request; `$` is the whole of it. */
  within(base: string): InvalidRequestError {
    if (base === '$') return this;
    return new InvalidRequestError(
      this.violations.map(({ path, message }) => ({ path: pathWithin(base, path), message })),
      this.rest,
    );
  }
}

/** The body is something else than JSON in UTF-8. */
export class UnsupportedMediaTypeError extends TaskerError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
}

/** The request says not, or not truly, who sends it. */
export class UnauthorizedError extends TaskerError {
  readonly code = 'UNAUTHORIZED';
}

/** Whoever sends the request may not ask for this. */
export class ForbiddenError extends TaskerError {
  readonly code = 'FORBIDDEN';
}

/** The client has sent too many requests of late. */
export class RateLimitedError extends TaskerError {
  readonly code = 'RATE_LIMITED';

  constructor(readonly retryAfterSeconds: number) {
    super(`Too many requests; try again in ${retryAfterSeconds} s`);
  }
}

/** The answer took longer than a request may. */
export class RequestTimeoutError extends TaskerError {
  readonly code = 'TIMEOUT';
}

/** What is needed to tell who asks can't be had now. */
export class AuthenticationUnavailableError extends TaskerError {
  readonly code = 'SERVICE_UNAVAILABLE';
}

/** The client closed the connection before its answer was ready, so nobody is left to answer. */
export class ClientGoneError extends Error {
  constructor() {
    super('The client closed the connection');
    this.name = 'ClientGoneError';
  }
}
