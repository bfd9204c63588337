import type { LoggerService } from '@nestjs/common';

/** The part of Nest's logger that the embedded server speaks to. */
export type EmbeddedPostgresLogger = Pick<LoggerService, 'log' | 'warn' | 'error'>;

export interface EmbeddedPostgresOptions {
  /**
   * The service's data folder (`TASKER_DATA_DIR`); the server's files go to `postgres` in it. A relative path is
   * taken from the working directory.
   */
  readonly dataDir: string;
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
}
