import { types } from 'node:util';

/** How an error of PostgreSQL, of the driver or of the network is to be treated. */
export type FailureKind =
  /** The connection is gone, or the server is not accepting work: whether the statement took effect is not known. */
  | 'connection'
  /** The transaction was rolled back because of others (deadlock, serialization): the same call may succeed now. */
  | 'conflict'
  /** Data that PostgreSQL can't take: the same call fails again. */
  | 'data'
  | 'other';

const CONNECTION_STATES = new Set([
  '25006', // read_only_sql_transaction: a failover left us on a standby
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '25P03', // idle_in_transaction_session_timeout
  '57P05', // idle_session_timeout
]);

const CONFLICT_STATES = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57014', // query_canceled, by a statement_timeout of the server for instance
]);

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // the socket file of a server that is down
]);

/** The driver reports these without a code. */
const DRIVER_MESSAGES = [
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client was closed',
];

export function classifyFailure(error: unknown): FailureKind {
  // Not instanceof: an error of Node's own modules may be of another realm, as it is under a test runner.
  if (!types.isNativeError(error)) return 'other';
  if (error instanceof AggregateError && error.errors.some((e) => classifyFailure(e) === 'connection')) {
    return 'connection';
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK_CODES.has(code) || CONNECTION_STATES.has(code) || code.startsWith('08')) return 'connection';
  if (CONFLICT_STATES.has(code)) return 'conflict';
  if (code.startsWith('22') || code.startsWith('54')) return 'data';
  return DRIVER_MESSAGES.some((message) => error.message.includes(message)) ? 'connection' : 'other';
}

/** Whether the statement names a table that there is not. */
export function isMissingTable(error: unknown): boolean {
  return types.isNativeError(error) && 'code' in error && error.code === '42P01';
}

/** Whether the session has no such prepared statement, or has one that this connection has not made. */
export function isForeignStatement(error: unknown): boolean {
  return types.isNativeError(error) && 'code' in error && (error.code === '26000' || error.code === '42P05');
}

/** Whether the same call, made again, may succeed without anything else being changed. */
export function isTransient(error: unknown): boolean {
  const kind = classifyFailure(error);
  return kind === 'connection' || kind === 'conflict';
}
