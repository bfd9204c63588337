/**
 * The code of an error that the operating system gave (`ENOENT`). Not by `instanceof`: under jest such an error
 * belongs to another realm.
 */
export function systemErrorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}
