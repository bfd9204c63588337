import { types } from 'node:util';
import { DatabaseClosedError, TransactionPoolerError } from './database.errors.js';

/** How an error of PostgreSQL, of the driver or of the network is to be treated. */
export type FailureKind =
  /** The connection is gone, or the server is not accepting work: whether the statement took effect is not known. */
  | 'connection'
  /** The server let no connection in: the database was renamed, the password changed. */
  | 'refused'
  /** The transaction was rolled back because of others (deadlock, serialization): the same call may succeed now. */
  | 'conflict'
  /** The server lacks disk, memory or another resource: the same call succeeds once it has them. */
  | 'resources'
  /** The role lacks a right: the same call succeeds once it is granted. */
  | 'denied'
  /** The service itself has closed its connections. */
  | 'closed'
  /** Data that PostgreSQL can't take: the same call fails again. */
  | 'data'
  | 'other';

interface Treatment {
  /** The engine makes the same call again until it succeeds. */
  readonly retried: boolean;
  /** The fault is the database's state and not the request: HTTP answers 503, else 500. */
  readonly unavailable: boolean;
  /** Nothing can be done on the database until it is over: no worker can renew its leases. */
  readonly outage: boolean;
}

const TREATMENTS: Readonly<Record<FailureKind, Treatment>> = {
  connection: { retried: true, unavailable: true, outage: true },
  refused: { retried: true, unavailable: true, outage: true },
  conflict: { retried: true, unavailable: true, outage: false },
  resources: { retried: true, unavailable: true, outage: true },
  // The engine does not insist: a handler's transaction may be denied for a reason of its own, at its commit.
  denied: { retried: false, unavailable: true, outage: true },
  closed: { retried: false, unavailable: true, outage: false },
  data: { retried: false, unavailable: false, outage: false },
  other: { retried: false, unavailable: false, outage: false },
};

/** By SQLSTATE, or by its class, which is its first two characters; the whole of it counts first. */
const KINDS: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['08', 'connection'], // also what a pooler says when it has no server
  ['25006', 'connection'], // read_only_sql_transaction: a failover left us on a standby
  ['25P03', 'connection'], // idle_in_transaction_session_timeout
  ['25P04', 'connection'], // transaction_timeout
  ['40003', 'connection'], // statement_completion_unknown
  ['53300', 'connection'], // too_many_connections
  ['57P01', 'connection'], // admin_shutdown
  ['57P02', 'connection'], // crash_shutdown
  ['57P03', 'connection'], // cannot_connect_now
  ['57P04', 'connection'], // database_dropped
  ['57P05', 'connection'], // idle_session_timeout
  ['28', 'refused'], // invalid_authorization_specification, invalid_password
  ['3D000', 'refused'], // invalid_catalog_name: the database was renamed or removed
  ['40', 'conflict'], // serialization_failure, deadlock_detected
  ['40002', 'other'], // transaction_integrity_constraint_violation
  ['55P03', 'conflict'], // lock_not_available, by a lock_timeout for instance
  ['57014', 'conflict'], // query_canceled, by a statement_timeout for instance
  ['26000', 'conflict'], // invalid_sql_statement_name: another session's, through a pooler
  ['42P05', 'conflict'], // duplicate_prepared_statement: the same
  ['53', 'resources'], // disk_full, out_of_memory
  ['53400', 'other'], // configuration_limit_exceeded: this statement is too large for a limit
  ['58030', 'resources'], // io_error
  ['42501', 'denied'], // insufficient_privilege
  ['22', 'data'],
  ['54', 'data'],
]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The driver reports these without a code. */
const CONNECTION_MESSAGE =
  /^(?:Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;
const CLOSED_POOL_MESSAGE = /^Cannot use a pool after calling end/;

/** How far an error is followed to what caused it. */
const MOST_CAUSES = 5;

/** How the error is to be treated; 'other' when it did not come from the database. */
export function classifyFailure(error: unknown): FailureKind {
  return kindOf(error) ?? 'other';
}

/** Whether the engine makes the same call again: it may succeed without anything in the call being changed. */
export function isTransient(error: unknown): boolean {
  return TREATMENTS[classifyFailure(error)].retried;
}

/** Whether the connection is of no use any more, or could not be had. */
export function isConnectionLoss(error: unknown): boolean {
  const kind = classifyFailure(error);
  return kind === 'connection' || kind === 'refused';
}

/** Whether other processes can't have reached the database either, so that a lease that ran out says nothing. */
export function isOutage(error: unknown): boolean {
  return TREATMENTS[classifyFailure(error)].outage;
}

/**
 * What a request is to be told of an error, or of what caused it. `unavailable`: the database's state is at fault, and the same
 * request succeeds once it has changed. `failed`: it would fail again. Null when the error did not come from the database.
 */
export function requestFailure(error: unknown): 'unavailable' | 'failed' | null {
  let link = error;
  for (let depth = 0; depth < MOST_CAUSES && types.isNativeError(link); depth += 1) {
    const kind = kindOf(link);
    if (kind !== null) return TREATMENTS[kind].unavailable ? 'unavailable' : 'failed';
    link = link.cause;
  }
  return null;
}

/** Whether the statement names a table that there is not. */
export function isMissingTable(error: unknown): boolean {
  return stateOf(error) === '42P01';
}

/** Whether the role lacks the right to do that. */
export function isDenied(error: unknown): error is Error {
  return stateOf(error) === '42501';
}

/** Whether the session has no such prepared statement, or has one that this connection has not made. */
export function isForeignStatement(error: unknown): boolean {
  return stateOf(error) === '26000' || stateOf(error) === '42P05';
}

/** Null when the error did not come from the database. */
function kindOf(error: unknown): FailureKind | null {
  // Not instanceof: an error of Node's own modules may be of another realm, as it is under a test runner.
  if (!types.isNativeError(error)) return null;
  if (error instanceof DatabaseClosedError) return 'closed';
  if (error instanceof TransactionPoolerError) return kindOf(error.cause);
  if (error instanceof AggregateError && error.errors.some((one) => kindOf(one) === 'connection')) {
    return 'connection';
  }
  const state = stateOf(error);
  if (state !== null) {
    const kind = KINDS.get(state) ?? KINDS.get(state.slice(0, 2)) ?? 'other';
    // A server that says this before a connection is made has its reasons, of any state.
    return isFatal(error) && (kind === 'other' || kind === 'denied' || kind === 'data') ? 'refused' : kind;
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Anything that hinders a connection, such as a missing socket file.
  if (NETWORK_CODES.has(code) || ('syscall' in error && error.syscall === 'connect')) return 'connection';
  if (CONNECTION_MESSAGE.test(error.message)) return 'connection';
  return CLOSED_POOL_MESSAGE.test(error.message) ? 'closed' : null;
}

/** The SQLSTATE of what the server itself has reported, which has a severity; EPIPE would pass for one otherwise. */
function stateOf(error: unknown): string | null {
  if (!types.isNativeError(error) || !('severity' in error) || !('code' in error)) return null;
  return typeof error.code === 'string' && SQLSTATE.test(error.code) ? error.code : null;
}

function isFatal(error: object): boolean {
  return 'severity' in error && error.severity === 'FATAL';
}
