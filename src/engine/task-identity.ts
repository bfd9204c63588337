import { createHash } from 'node:crypto';
import { canonicalJson } from '../templates/index.js';
import type { TaskTemplate } from '../templates/index.js';
import type { TaskRequest } from './task.types.js';

/** What makes a request the same as an earlier one; hashes are in PostgreSQL's text form of `bytea`. */
export interface TaskIdentity {
  /** The hash of template and canonical context; undefined where nothing is compared with it. */
  readonly requestHash: string | undefined;
  /** Whether no two kept tasks may share `requestHash`. */
  readonly uniqueRequest: boolean;
  /** The hash of namespace, template name and idempotency key. */
  readonly idempotencyHash: string | undefined;
}

/** Derives the identity that the template's `identity_strategy` and the request's idempotency key give a task. */
export function taskIdentity(template: TaskTemplate, request: TaskRequest): TaskIdentity {
  const uniqueRequest = template.identityStrategy === 'strict';
  const key = request.idempotencyKey;
  return {
    requestHash:
      uniqueRequest || key !== undefined
        ? sha256(template.namespace, template.name, template.version, canonicalJson(request.context))
        : undefined,
    uniqueRequest,
    idempotencyHash: key === undefined ? undefined : sha256(template.namespace, template.name, key),
  };
}

/** NUL can't occur in any of the parts, so no two lists of parts run into one another. */
function sha256(...parts: readonly string[]): string {
  return `\\x${createHash('sha256').update(parts.join('\0')).digest('hex')}`;
}
