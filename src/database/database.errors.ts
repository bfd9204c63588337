/** How long a service that starts waits for its database to come up. */
export const START_PATIENCE_MS = 30_000;

/** The service was told to stop before it had started. */
export class StartAbandonedError extends Error {
  readonly code = 'START_ABANDONED';

  constructor() {
    super('The service was told to stop before it had started');
    this.name = StartAbandonedError.name;
  }
}

/** The database did not come up while the service waited for it to start. */
export class DatabaseUnreachableError extends Error {
  readonly code = 'DATABASE_UNREACHABLE';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The database did not answer for ${START_PATIENCE_MS / 1000} s (${reason}): check DATABASE_URL, and that the server runs`,
      { cause },
    );
    this.name = DatabaseUnreachableError.name;
  }
}

/** The server answers, and does not let this service in: a wrong user, password or database. */
export class DatabaseRefusedError extends Error {
  readonly code = 'DATABASE_REFUSED';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The database refused the connection (${reason}): check user, password and database in DATABASE_URL (and DATABASE_DIRECT_URL)`,
      { cause },
    );
    this.name = DatabaseRefusedError.name;
  }
}

/** A statement was asked for before `open` or after `close`. */
export class DatabaseClosedError extends Error {
  readonly code = 'DATABASE_CLOSED';

  constructor() {
    super('The database is not open: the service is starting or has been stopped');
    this.name = DatabaseClosedError.name;
  }
}

/** The database does not store text as UTF-8. */
export class DatabaseEncodingError extends Error {
  readonly code = 'DATABASE_ENCODING';

  constructor(database: string, encoding: string) {
    super(
      `Database "${database}" has the encoding ${encoding}; expected UTF8, which stores every text. Make one for the service with ` +
        `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL`,
    );
    this.name = DatabaseEncodingError.name;
  }
}

/** A connection that has to be one session of the server leads through a transaction pooler. */
export class TransactionPoolerError extends Error {
  readonly code = 'DATABASE_DIRECT_URL_NEEDED';

  constructor(directUrlIsGiven: boolean, cause?: unknown) {
    const remedy = directUrlIsGiven
      ? 'DATABASE_DIRECT_URL leads through a transaction pooler: expected a URL straight to the server'
      : 'DATABASE_URL leads through a transaction pooler (such as PgBouncer with pool_mode = transaction), and DATABASE_DIRECT_URL is ' +
        'not given: set it to a URL straight to the server';
    const reason = cause instanceof Error ? ` (${cause.message})` : '';
    super(`${remedy}. Migrations, LISTEN and leases need a session of their own${reason}`, { cause });
    this.name = TransactionPoolerError.name;
  }
}

/** Through the pooler, sessions have a setting that the service can't work with and can't change there. */
export class SessionSettingError extends Error {
  readonly code = 'DATABASE_SESSION_SETTING';

  constructor(name: string, value: string, expected: string, statement: string) {
    super(
      `Through DATABASE_URL, ${name} is "${value}": expected "${expected}". A service can't set it through a transaction pooler: ` +
        `run ${statement}, and let the pooler make new connections (RECONNECT)`,
    );
    this.name = SessionSettingError.name;
  }
}

/** A right that the role lacks. */
export interface MissingRight {
  /** Such as `USAGE`, or `SELECT, UPDATE`. */
  readonly right: string;
  /** Such as `TABLE tasker.tasks`. */
  readonly object: string;
  /** What the owner of the object, or a superuser, runs. */
  readonly statement: string;
}

/** The role lacks rights that the service needs now. */
export class PrivilegeMissingError extends Error {
  readonly code = 'DATABASE_PRIVILEGE_MISSING';

  constructor(
    role: string,
    database: string,
    readonly missing: readonly MissingRight[],
    cause?: Error,
  ) {
    const rights = missing.map(({ right, object }) => `${right} on ${object}`).join('; ');
    const statements = missing.map(({ statement }) => statement).join('; ');
    const reason = cause === undefined ? '' : ` (${cause.message})`;
    super(
      `Role ${role} lacks rights in database ${database}${reason}` +
        (rights === '' ? '' : `: expected ${rights}. Run as the owner: ${statements}`),
      { cause },
    );
    this.name = PrivilegeMissingError.name;
  }
}

/** Whether the server answered, and is not one that the service can work with. */
export function isUnfit(error: unknown): boolean {
  return (
    error instanceof DatabaseEncodingError ||
    error instanceof TransactionPoolerError ||
    error instanceof SessionSettingError ||
    error instanceof PrivilegeMissingError
  );
}
