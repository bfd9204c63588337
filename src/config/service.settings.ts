import { ChoiceSetting, TextSetting } from './setting.decorator.js';

export const SERVICE_ROLES = ['all', 'api', 'worker'] as const;

/** `api` serves HTTP only, `worker` runs steps only (HTTP for probes and metrics), `all` does both. */
export type ServiceRole = (typeof SERVICE_ROLES)[number];

/** What this process is for. */
export class ServiceSettings {
  @ChoiceSetting('TASKER_ROLE', SERVICE_ROLES)
  readonly role: ServiceRole = 'all';

  /** Which of the templates' `environments` overrides apply. */
  @TextSetting('TASKER_ENV', {
    expected: 'a name of letters, digits, "-" and "_"',
    accepts: (value) => typeof value === 'string' && /^[\w-]+$/.test(value),
  })
  readonly environment: string = 'development';
}
