import { ChoiceSetting, DirectoryListSetting } from './setting.decorator.js';

export const UNKNOWN_KEY_MODES = ['refuse', 'warn'] as const;

/** What becomes of a template file's key that is unknown here and ignored by Tasker. */
export type UnknownKeyMode = (typeof UNKNOWN_KEY_MODES)[number];

/** Where the task templates are. */
export class TemplateSettings {
  /** Directories as they were given; relative ones are meant from the working directory. */
  @DirectoryListSetting('TASKER_TEMPLATE_PATH')
  readonly templatePaths: readonly string[] = ['config/tasks'];

  /** `refuse`: the file is not valid. `warn`: the key is ignored, with a warning. */
  @ChoiceSetting('TASKER_TEMPLATE_UNKNOWN_KEYS', UNKNOWN_KEY_MODES)
  readonly unknownTemplateKeys: UnknownKeyMode = 'refuse';
}
