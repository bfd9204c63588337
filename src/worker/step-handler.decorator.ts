import { SetMetadata } from '@nestjs/common';
import { acrossCopies } from '../copies/index.js';

export const STEP_HANDLER_KEYS = acrossCopies('step-handler-keys');

/**
 * Marks a provider as the handler of steps. It is found under each of the keys: a step's name, within the namespace of the
 * module that provides it, or a template's `handler.callable`, anywhere.
 *
 * The provider is an ordinary one of any scope: list it in its module's `providers`. A request-scoped or transient handler
 * is made anew for every attempt.
 */
export function StepHandler(...keys: readonly [string, ...string[]]): ClassDecorator {
  return SetMetadata(STEP_HANDLER_KEYS, keys);
}
