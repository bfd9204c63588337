import { IntegerSetting, SwitchSetting } from './setting.decorator.js';

/** When a step runs again, and when it no longer does. */
export class RetrySettings {
  /** Attempts lost with their worker after which a step ends in `error`, code `WORKER_LOST`. */
  @IntegerSetting('TASKER_MAX_LOST', 1, 1000)
  readonly maxLost: number = 5;

  /** Spread retries over the whole backoff, so that steps which failed together do not come back together. */
  @SwitchSetting('TASKER_RETRY_JITTER')
  readonly retryJitter: boolean = true;
}
