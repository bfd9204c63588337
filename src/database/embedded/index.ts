export { EmbeddedPostgres } from './embedded-postgres.js';
export type { EmbeddedPostgresLogger, EmbeddedPostgresOptions } from './embedded-postgres.options.js';
export {
  DataDirRefusedError,
  EmbeddedPostgresBinariesMissingError,
  EmbeddedPostgresError,
  EmbeddedPostgresFolderRefusedError,
  EmbeddedPostgresInUseError,
  EmbeddedPostgresStartError,
} from './embedded-postgres.errors.js';
export type { EmbeddedPostgresErrorCode } from './embedded-postgres.errors.js';
export { scriptArguments } from './script.arguments.js';
