import type { ErrorResponse } from './openapi/error.response.js';

/** The body of every answer that is not a success. */
export type ErrorBody = ErrorResponse;

/** What a client is told about an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}
