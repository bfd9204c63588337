import type { BacklogSettings } from './backlog.settings.js';
import type { DatabaseSettings } from './database.settings.js';
import type { HttpSettings } from './http.settings.js';
import type { LogSettings } from './log.settings.js';
import type { RetentionSettings } from './retention.settings.js';
import type { RetrySettings } from './retry.settings.js';
import type { SecuritySettings } from './security.settings.js';
import type { ServiceSettings } from './service.settings.js';
import type { TemplateSettings } from './template.settings.js';
import type { WorkerSettings } from './worker.settings.js';

/** Every setting of a process, one object a concern. They are frozen. */
export interface Settings {
  readonly service: ServiceSettings;
  readonly http: HttpSettings;
  readonly database: DatabaseSettings;
  readonly templates: TemplateSettings;
  readonly worker: WorkerSettings;
  readonly retries: RetrySettings;
  readonly backlog: BacklogSettings;
  readonly retention: RetentionSettings;
  readonly security: SecuritySettings;
  readonly log: LogSettings;
}

type SettingFields = ServiceSettings &
  HttpSettings &
  DatabaseSettings &
  TemplateSettings &
  WorkerSettings &
  RetrySettings &
  BacklogSettings &
  RetentionSettings &
  SecuritySettings &
  LogSettings;

/** Settings that an application gives in code; they win over the environment. `undefined` means "not given". */
export type SettingsOverrides = {
  readonly [Field in keyof SettingFields]?: SettingFields[Field] | undefined;
};
