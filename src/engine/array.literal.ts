/**
 * A PostgreSQL array of elements that need no quoting, as text: UUIDs, numbers and booleans. The driver's own conversion
 * quotes and escapes each element, which shows where a call brings thousands.
 */
export function arrayLiteral(elements: readonly (string | number | boolean)[]): string {
  return `{${elements.join(',')}}`;
}
