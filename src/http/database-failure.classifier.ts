import { types } from 'node:util';

/** `unavailable`: the same request may well succeed in a moment. `failed`: it would not. */
export type DatabaseFailure = 'unavailable' | 'failed';

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The server refuses or drops connections: unreachable, stopping, crashed, starting, full, or a standby. */
const UNAVAILABLE_SQLSTATE = /^(?:08...|57P0[1235]|53300|25006)$/;

const UNAVAILABLE_SYSTEM_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** `pg` and its pool tell a lost connection by words alone. */
const UNAVAILABLE_MESSAGE =
  /^(?:Connection terminated|timeout expired|timeout exceeded when|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

const MOST_CAUSES = 5;

/** Whether an error, or what caused it, came from the database, and of which kind it is; null if it did not. */
export function classifyDatabaseFailure(error: unknown): DatabaseFailure | null {
  let link = error;
  for (let depth = 0; depth < MOST_CAUSES && types.isNativeError(link); depth++) {
    const failure = classify(link);
    if (failure !== null) return failure;
    link = link.cause;
  }
  return null;
}

function classify(error: Error): DatabaseFailure | null {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // What the server itself reported has a severity; EPIPE would pass for a SQLSTATE otherwise.
  if ('severity' in error && SQLSTATE.test(code))
    return UNAVAILABLE_SQLSTATE.test(code) ? 'unavailable' : 'failed';
  // Whatever hinders a connection, a socket file that is not there for one.
  if ('syscall' in error && error.syscall === 'connect') return 'unavailable';
  return UNAVAILABLE_SYSTEM_ERRORS.has(code) || UNAVAILABLE_MESSAGE.test(error.message)
    ? 'unavailable'
    : null;
}
