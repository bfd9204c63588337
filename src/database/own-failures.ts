/** Errors of statements that the engine ran itself, and not of statements that handlers or the application ran. */
const OWN_FAILURES = new WeakSet<object>();

/** Marks an error as one of the engine's own statement, and answers with it. */
export function ownFailure<T>(error: T): T {
  if (typeof error === 'object' && error !== null) OWN_FAILURES.add(error);
  return error;
}

/** Whether an error came from a statement of the engine's own. */
export function isOwnFailure(error: unknown): boolean {
  return typeof error === 'object' && error !== null && OWN_FAILURES.has(error);
}
