import { IntegerSetting } from './setting.decorator.js';

/** How long finished tasks are kept. */
export class RetentionSettings {
  /** After these days a finished task is removed, with its steps, attempts and events. */
  @IntegerSetting('TASKER_RETENTION_DAYS', 1, 36_500)
  readonly retentionDays: number = 30;
}
