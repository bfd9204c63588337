import { DirectoryListSetting } from './setting.decorator.js';

/** Where the task templates are. */
export class TemplateSettings {
  /** Directories as they were given; relative ones are meant from the working directory. */
  @DirectoryListSetting('TASKER_TEMPLATE_PATH')
  readonly templatePaths: readonly string[] = ['config/tasks'];
}
