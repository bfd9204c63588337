export { BacklogSettings } from './backlog.settings.js';
export { maskDatabaseUrl } from './database-url.mask.js';
export { DatabaseSettings } from './database.settings.js';
export { HttpSettings } from './http.settings.js';
export { LogSettings } from './log.settings.js';
export { PACKAGE_VERSION } from './package-version.files.js';
export { RetentionSettings } from './retention.settings.js';
export { RetrySettings } from './retry.settings.js';
export { SecuritySettings } from './security.settings.js';
export { type ServiceRole, ServiceSettings } from './service.settings.js';
export { InvalidSettingsError, type SettingProblem } from './settings.errors.js';
export { loadSettings, readLogSettings, SETTINGS } from './settings.loader.js';
export {
  readSettings,
  type SettingsAsyncOptions,
  SettingsModule,
  type SettingsModuleOptions,
} from './settings.module.js';
export type { Settings, SettingsOverrides } from './settings.types.js';
export { TemplateSettings, type UnknownKeyMode } from './template.settings.js';
export { type DeploymentMode, WorkerSettings } from './worker.settings.js';
