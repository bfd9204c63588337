export { Database } from './database.js';
export {
  DatabaseClosedError,
  DatabaseEncodingError,
  PrivilegeMissingError,
  SessionSettingError,
  StartAbandonedError,
  TransactionPoolerError,
} from './database.errors.js';
export type { MissingRight } from './database.errors.js';
export type { Statement } from './database.js';
export { EmbeddedPostgres, scriptArguments } from './embedded/index.js';
export { isOwnFailure } from './own-failures.js';
export {
  classifyFailure,
  isConnectionLoss,
  isOutage,
  isTransient,
  requestFailure,
} from './postgres-errors.js';
export type { FailureKind } from './postgres-errors.js';
export { SESSION_PIN } from './session.check.js';
export { OWN_TYPES } from './own-types.js';
export { SCHEMA_VERSION, SchemaMigrator } from './schema-migrator.js';
