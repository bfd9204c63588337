import { PermanentStepError } from '../../worker/index.js';
import type { JsonObject } from '../../engine/index.js';

/** A whole number from a step's `handler.initialization` in the template. */
export function numberSetting(initialization: JsonObject, name: string): number {
  const value = initialization[name];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new PermanentStepError(
    `handler.initialization.${name}: expected a whole number, got ${JSON.stringify(value)}`,
    {
      errorCode: 'INVALID_INITIALIZATION',
      errorType: 'ConfigurationError',
    },
  );
}
