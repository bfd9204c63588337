import type { LoggerService } from '@nestjs/common';

/** The part of Nest's logger that the embedded server speaks to. */
export type EmbeddedPostgresLogger = Pick<LoggerService, 'log' | 'warn' | 'error'>;

export interface EmbeddedPostgresOptions {
  /**
   * The service's data folder (`TASKER_DATA_DIR`); the server's files go to `postgres` in it. A relative path is
   * taken from the working directory.
   */
  readonly dataDir: string;
  /**
   * Whether the folder was asked for by name. Then it is used or refused; otherwise the data goes below the system's temporary
   * folder, and the log says so, where the server's user can't get into it.
   *
   * @default false
   */
  readonly dataDirIsGiven?: boolean;
  readonly logger: EmbeddedPostgresLogger;
  /**
   * `full` survives a crash of the machine. `none` turns fsync off and is for tests only: after a crash of the
   * machine the data may be beyond repair.
   *
   * @default 'full'
   */
  readonly durability?: 'full' | 'none';
  /**
   * More server settings by name, such as `{ max_connections: '300' }`; they win over the built-in ones, except for where
   * the server listens.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * The npm package that holds PostgreSQL's programs, as `import()` takes it: for tests on another major.
   *
   * @default the package that npm installed for this machine
   */
  readonly binaryPackage?: string;
  /** Called when the server's process runs, and only its own start is still to be waited for. */
  readonly onLaunch?: () => void;
}
