import { TaskerError, type Violation } from '../engine/errors.js';
import { pathWithin } from './value-path.format.js';

/** The body is not JSON; the message says what was expected, what came, and where. */
export class MalformedJsonError extends TaskerError {
  readonly code = 'JSON_ERROR';
}

/** The request is JSON but not what was asked for; `violations` names each place. */
export class InvalidRequestError extends TaskerError {
  readonly code = 'BAD_REQUEST';

  constructor(readonly violations: readonly Violation[]) {
    super(
      `The request is not valid: ${violations.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    );
  }

  /** The same, where the value is only a part of the request; `$` is the whole of it. */
  within(base: string): InvalidRequestError {
    if (base === '$') return this;
    return new InvalidRequestError(
      this.violations.map(({ path, message }) => ({ path: pathWithin(base, path), message })),
    );
  }
}

/** A path parameter that should be a uuid is not. */
export class InvalidUuidError extends TaskerError {
  readonly code = 'INVALID_UUID';
}

/** The body is something else than JSON in UTF-8. */
export class UnsupportedMediaTypeError extends TaskerError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
}

/** The client closed the connection before its answer was ready, so nobody is left to answer. */
export class ClientGoneError extends Error {
  constructor() {
    super('The client closed the connection');
    this.name = 'ClientGoneError';
  }
}
