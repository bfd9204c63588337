import { IntegerSetting } from './setting.decorator.js';

/** How long finished tasks are kept. */
export class RetentionSettings {
  /** After these days a finished task is removed, with its steps, attempts and events; 0 keeps everything. */
  @IntegerSetting('TASKER_RETENTION_DAYS', 0, 36_500)
  readonly retentionDays: number = 30;
}
