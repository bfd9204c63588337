import { hostname } from 'node:os';

import { ChoiceSetting, IntegerSetting, NameListSetting, TextSetting } from './setting.decorator.js';

export const DEPLOYMENT_MODES = ['hybrid', 'event_driven_only', 'polling_only'] as const;

/** How a worker learns of ready work: by LISTEN, by polling, or by both. */
export type DeploymentMode = (typeof DEPLOYMENT_MODES)[number];

const ONE_WEEK_IN_SECONDS = 604_800;

/** How this process runs steps. */
export class WorkerSettings {
  @TextSetting('TASKER_WORKER_ID', {
    expected: 'a text of 1 to 255 characters without control characters',
    accepts: (value) => typeof value === 'string' && /^\P{Cc}{1,255}$/u.test(value) && value.trim() !== '',
  })
  readonly workerId: string = `${hostname()}-${process.pid}`;

  /** This process claims only these; left out: every namespace that has a module. */
  @NameListSetting('TASKER_NAMESPACES')
  readonly namespaces?: readonly string[];

  @ChoiceSetting('TASKER_DEPLOYMENT_MODE', DEPLOYMENT_MODES, {
    Hybrid: 'hybrid',
    EventDrivenOnly: 'event_driven_only',
    PollingOnly: 'polling_only',
  })
  readonly deploymentMode: DeploymentMode = 'hybrid';

  /** Steps under way in this process. */
  @IntegerSetting('TASKER_MAX_CONCURRENCY', 1, 10_000)
  readonly maxConcurrency: number = 50;

  /** The fallback poll while the listener lives. */
  @IntegerSetting('TASKER_POLL_INTERVAL_MS', 10, 3_600_000)
  readonly pollIntervalMs: number = 1000;

  @IntegerSetting('TASKER_LEASE_SECONDS', 1, 3600)
  readonly leaseSeconds: number = 30;

  @IntegerSetting('TASKER_STEP_TIMEOUT_SECONDS', 1, ONE_WEEK_IN_SECONDS)
  readonly stepTimeoutSeconds: number = 60;

  /** How long a shutdown lets running steps finish; 0 hands them back at once. */
  @IntegerSetting('TASKER_SHUTDOWN_TIMEOUT_SECONDS', 0, 3600)
  readonly shutdownTimeoutSeconds: number = 25;

  /** Past it a step fails with `RESULT_TOO_LARGE`. PostgreSQL itself takes no JSON value past 256 MiB. */
  @IntegerSetting('TASKER_MAX_RESULT_BYTES', 1, 268_435_455)
  readonly maxResultBytes: number = 1_048_576;

  /** Context and parents' results of one step. Past it the step fails with `INPUT_TOO_LARGE`. */
  @IntegerSetting('TASKER_MAX_INPUT_BYTES', 1_048_576, 268_435_455)
  readonly maxInputBytes: number = 33_554_432;
}
