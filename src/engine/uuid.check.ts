import { InvalidUuidError } from './errors.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const LONGEST_SHOWN = 100;

/** Whether this is a uuid as PostgreSQL takes it, of any version. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/**
 * The uuid in lower case, as it is stored.
 *
 * @param what names the argument in the error's message, such as `taskUuid`
 * @throws InvalidUuidError
 */
export function checkedUuid(what: string, value: unknown): string {
  if (isUuid(value)) return value.toLowerCase();
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, LONGEST_SHOWN)) : typeof value;
  throw new InvalidUuidError(
    `${what}: expected a uuid such as 0197a0de-0000-7000-8000-000000000001, got ${shown}`,
  );
}
