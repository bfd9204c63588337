import type pg from 'pg';
import { OWN_TYPES } from './own-types.js';
import { DatabaseEncodingError, SessionSettingError, TransactionPoolerError } from './database.errors.js';

/** How many other connections are opened to find out whether a pooler shares one session between them. */
const MOST_PROBES = 3;

/** What each session must have, whatever the role or the database has as its default. */
const NEEDED: readonly SessionSetting[] = [
  // The driver reads no other form of a time; the order of day and month stays the user's.
  { name: 'DateStyle', value: 'ISO', fits: (value) => value.startsWith('ISO') },
  // The engine decides in a statement after its locks, and that statement must see what others have committed.
  {
    name: 'default_transaction_isolation',
    value: 'read committed',
    fits: (value) => value === 'read committed',
  },
];

interface SessionSetting {
  readonly name: string;
  readonly value: string;
  readonly fits: (value: string) => boolean;
}

/** Sets what each session must have; to be run again after RESET ALL. */
export const SESSION_PIN = NEEDED.map(({ name, value }) => `SET ${name} = '${value}'`).join('; ');

/** Gives a new session the settings that the service needs. Not through a transaction pooler: there it would meet others' work. */
export async function pinSession(client: pg.ClientBase): Promise<void> {
  await client.query(SESSION_PIN);
}

/**
 * Checks the session settings of a connection that `pinSession` can't be used on.
 *
 * @throws SessionSettingError naming the first that does not fit, and the statement that mends it.
 */
export async function checkPooledSession(client: pg.ClientBase): Promise<void> {
  const columns = NEEDED.map(({ name }) => `current_setting('${name}') AS "${name}"`).join(', ');
  const { rows } = await client.query<Record<string, string>>({
    text: `SELECT ${columns}, quote_ident(session_user) AS role, quote_ident(current_database()) AS database`,
    types: OWN_TYPES,
  });
  const found = rows[0] ?? {};
  for (const { name, value, fits } of NEEDED) {
    const present = found[name] ?? '';
    if (fits(present)) continue;
    const place = `ALTER ROLE ${found['role']} IN DATABASE ${found['database']}`;
    throw new SessionSettingError(name, present, value, `${place} SET ${name} = '${value}'`);
  }
}

/**
 * Checks, on a connection that is to be one session of the server, that it is, and that the database stores any text.
 *
 * @param another opens one more connection of the same kind; the caller's `client` stays open meanwhile
 * @throws DatabaseEncodingError, TransactionPoolerError
 */
export async function checkServer(
  client: pg.Client,
  another: () => Promise<pg.Client>,
  directUrlIsGiven: boolean,
): Promise<void> {
  const { rows } = await client.query<{ encoding: string; database: string; pid: number }>(
    `SELECT current_setting('server_encoding') AS encoding, current_database() AS database, pg_backend_pid() AS pid`,
  );
  const { encoding, database, pid } = rows[0] ?? { encoding: '', database: '', pid: 0 };
  if (encoding !== 'UTF8') throw new DatabaseEncodingError(database, encoding);
  // A server that the client is connected to has told it this number; a pooler makes up its own.
  if (Reflect.get(client, 'processID') === pid) return;
  if (await isShared(client, pid, another)) throw new TransactionPoolerError(directUrlIsGiven);
}

/** Whether the session that answered `client` also answers others, or another one answers `client`. */
async function isShared(client: pg.Client, pid: number, another: () => Promise<pg.Client>): Promise<boolean> {
  const opened: pg.Client[] = [];
  try {
    while (opened.length < MOST_PROBES) {
      const probe = await another();
      opened.push(probe);
      probe.on('error', () => undefined);
      // An open transaction keeps its session: no other connection gets it until it ends.
      if (!(await begins(probe))) return true;
      if ((await backendOf(probe)) === pid || (await backendOf(client)) !== pid) return true;
    }
    return false;
  } finally {
    await Promise.all(opened.map((probe) => probe.end()));
  }
}

/** False for a pooler that lends a session for a single statement, and refuses transactions. */
async function begins(probe: pg.Client): Promise<boolean> {
  try {
    await probe.query('BEGIN');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '08P01') return false;
    throw error;
  }
}

async function backendOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}
