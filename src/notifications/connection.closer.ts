import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** How long a connection may take to say goodbye. */
const GOODBYE_MS = 1_000;

/**
 * Ends a connection of its own, such as the listener's. Never rejects, and is not held up by a connection that leads nowhere
 * any more: the server's answer to the goodbye would never come.
 */
export async function closeConnection(client: pg.Client): Promise<void> {
  const patience = new AbortController();
  await Promise.race([
    client.end().catch(() => undefined),
    delay(GOODBYE_MS, undefined, { signal: patience.signal }).catch(() => undefined),
  ]);
  patience.abort();
}
