import type { ClientBase } from 'pg';
import { NoTransactionError } from '../engine/index.js';

/**
 * Checks that a client of the caller's has a transaction open. A driver that can't tell is believed, and so is a client that
 * waits for an answer: it may be that to BEGIN.
 *
 * @throws NoTransactionError
 */
export function assertInTransaction(client: ClientBase): void {
  if ('totalCount' in client)
    throw new NoTransactionError('submit was given a pool, which runs each statement on another connection');
  const isIdle: unknown = Reflect.get(client, 'readyForQuery');
  if (isIdle !== true || !('getTransactionStatus' in client)) return;
  if (client.getTransactionStatus() === 'I')
    throw new NoTransactionError('submit was given a client that has no transaction open');
}
