export type EmbeddedPostgresErrorCode =
  | 'EMBEDDED_POSTGRES_BINARIES_MISSING'
  | 'EMBEDDED_POSTGRES_IN_USE'
  | 'EMBEDDED_POSTGRES_FOLDER_REFUSED'
  | 'EMBEDDED_POSTGRES_START_FAILED';

/** What every refusal of the embedded server is; `code` never changes between versions. */
export abstract class EmbeddedPostgresError extends Error {
  abstract readonly code: EmbeddedPostgresErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No usable PostgreSQL binaries are installed for this machine. */
export class EmbeddedPostgresBinariesMissingError extends EmbeddedPostgresError {
  readonly code = 'EMBEDDED_POSTGRES_BINARIES_MISSING';
}

/** Another live process owns the server of this data folder; it is left alone. */
export class EmbeddedPostgresInUseError extends EmbeddedPostgresError {
  readonly code = 'EMBEDDED_POSTGRES_IN_USE';

  constructor(
    readonly folder: string,
    readonly ownerPid: number,
  ) {
    super(
      `The embedded PostgreSQL in ${folder} belongs to process ${ownerPid}, which is still running, and serves one ` +
        `process only. Stop that process, set TASKER_DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL ` +
        `server that both can use.`,
    );
  }
}

/** A folder belongs to another user, can't be written, or isn't safe to put a database in. */
export class EmbeddedPostgresFolderRefusedError extends EmbeddedPostgresError {
  readonly code = 'EMBEDDED_POSTGRES_FOLDER_REFUSED';

  constructor(
    readonly folder: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The embedded PostgreSQL can't use ${folder}: ${reason}. Run as the user who owns it, remove it if its data ` +
        `is not needed, set TASKER_DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.`,
      options,
    );
  }
}

/** The folder that `TASKER_DATA_DIR` names is not one that data can be kept in. */
export class DataDirRefusedError extends EmbeddedPostgresError {
  readonly code = 'EMBEDDED_POSTGRES_FOLDER_REFUSED';

  constructor(
    readonly dataDir: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `TASKER_DATA_DIR = ${JSON.stringify(dataDir)}: expected a directory that the embedded PostgreSQL can be given; ` +
        `${reason}. Name another one, or set DATABASE_URL to a PostgreSQL server.`,
      options,
    );
  }
}

/** `initdb` or the server itself failed; the message ends with what PostgreSQL said. */
export class EmbeddedPostgresStartError extends EmbeddedPostgresError {
  readonly code = 'EMBEDDED_POSTGRES_START_FAILED';

  constructor(what: string, serverLog: string, options?: ErrorOptions) {
    super(
      `The embedded PostgreSQL did not start: ${what}. Set DATABASE_URL to a PostgreSQL server to do without it.` +
        (serverLog === '' ? '' : `\nPostgreSQL's log ends:\n${serverLog}`),
      options,
    );
  }
}
