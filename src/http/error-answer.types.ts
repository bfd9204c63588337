import type { Violation } from '../engine/errors.js';

/** The body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: {
    /** Stable; see the contract's list. */
    readonly code: string;
    /** For people. */
    readonly message: string;
    /** One entry for each thing that is wrong with the request. */
    readonly details?: readonly Violation[];
    readonly existing_task_uuid?: string;
    readonly retry_after_seconds?: number;
  };
}

/** What a client is told about an error. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}
