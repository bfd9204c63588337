import process from 'node:process';

import { ChoiceSetting } from './setting.decorator.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogThreshold = (typeof LOG_LEVELS)[number];
export type LogFormat = 'auto' | 'json' | 'pretty';

/** What the service logs, and how. An application of its own logger's is not concerned. */
export class LogSettings {
  @ChoiceSetting('TASKER_LOG_LEVEL', LOG_LEVELS)
  readonly logLevel: LogThreshold = 'info';

  /** auto: for people where the output is a terminal, else a line of JSON each. */
  @ChoiceSetting('TASKER_LOG_FORMAT', ['auto', 'json', 'pretty'])
  readonly logFormat: LogFormat = 'auto';

  /** Otherwise it is for programs. */
  get isForPeople(): boolean {
    return this.logFormat === 'pretty' || (this.logFormat === 'auto' && process.stdout.isTTY);
  }

  /** Whether a change of a task or a step is a line of the log: made by the thousand a second, such lines cost even unwritten. */
  get logsChanges(): boolean {
    return this.logLevel === 'debug' || this.logLevel === 'trace';
  }
}
