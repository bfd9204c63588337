import { PermanentStepError } from '../worker/index.js';

/**
 * The number that each of the four number workflows begins with. Its `input_schema` says the same, but a task may have come
 * in by another way.
 *
 * @throws PermanentStepError where there is none, or an odd one
 */
export function evenNumberOf({ even_number: value }: { readonly even_number?: number }): number {
  if (typeof value !== 'number') {
    throw new PermanentStepError('The context has no number "even_number"', {
      errorCode: 'MISSING_CONTEXT_FIELD',
      errorType: 'ValidationError',
      context: { field: 'even_number' },
    });
  }
  if (value % 2 !== 0) {
    throw new PermanentStepError('Number must be even', {
      errorCode: 'VALIDATION_ERROR',
      errorType: 'ValidationError',
      context: { even_number: value },
    });
  }
  return value;
}
