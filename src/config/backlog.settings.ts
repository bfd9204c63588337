import { IntegerSetting } from './setting.decorator.js';

/** How much work may wait. */
export class BacklogSettings {
  /** Ready steps past which submits are answered with `BACKPRESSURE`. */
  @IntegerSetting('TASKER_MAX_BACKLOG', 1, 2_147_483_647)
  readonly maxBacklog: number = 100_000;
}
