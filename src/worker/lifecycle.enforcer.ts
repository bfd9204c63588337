import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { TemplateCatalog } from '../engine/index.js';
import type { RegisteredTemplate } from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import { TaskChanges } from '../notifications/index.js';
import { RepeatingJob } from '../scheduling/index.js';
import type { LifecycleTemplate, StalenessAction } from '../templates/index.js';

/** How often a template's tasks are held against its limits, by all processes together. Limits are in minutes. */
const CHECK_MS = 15_000;
const BATCH = 500;

const ENFORCE: Statement = {
  name: 'tasker_enforce_lifecycle',
  // The time as text: as a Date it would lose its microseconds, and with them the place to go on from.
  text: `SELECT task_uuid, created_at::text AS created_at, exceeded_limit, ended
         FROM tasker.enforce_lifecycle($1, $2, $3, $4, $5, $6, $7, $8)`,
};

interface CheckedTask {
  readonly task_uuid: string;
  readonly created_at: string;
  readonly exceeded_limit: string | null;
  readonly ended: boolean;
}

/** Ends, or marks, tasks that are over a limit of their template's `lifecycle`. */
@Injectable()
export class LifecycleEnforcer {
  private readonly logger = new Logger(LifecycleEnforcer.name);
  private readonly job: RepeatingJob;

  constructor(
    private readonly database: Database,
    private readonly catalog: TemplateCatalog,
    private readonly changes: TaskChanges,
  ) {
    this.job = new RepeatingJob({
      everyMs: CHECK_MS,
      run: () => this.check(),
      onError: (error) => {
        this.logger.warn(`Lifecycle limits could not be checked, trying again: ${String(error)}`);
      },
    });
  }

  start(): void {
    this.job.start();
  }

  /** After it nothing is checked any more. Safe to call twice, or without `start`. */
  stop(): Promise<void> {
    return this.job.stop();
  }

  /** Checks every template that has limits, now. */
  async check(intervalMs = CHECK_MS): Promise<void> {
    for (const registered of this.catalog.list()) {
      const { lifecycle } = registered.template;
      if (lifecycle !== null && hasLimit(lifecycle))
        await this.checkTemplate(registered, lifecycle, intervalMs);
    }
  }

  private async checkTemplate(
    registered: RegisteredTemplate,
    lifecycle: LifecycleTemplate,
    intervalMs: number,
  ): Promise<void> {
    const shared = [
      registered.templateId,
      limitsJson(lifecycle),
      durationAction(lifecycle),
      lifecycle.stalenessAction,
      intervalMs,
    ];
    let last: CheckedTask | undefined;
    do {
      const place = [last?.created_at ?? null, last?.task_uuid ?? null];
      const tasks = await this.database.query<CheckedTask>(ENFORCE, [...shared, ...place, BATCH]);
      for (const task of tasks.filter(({ ended }) => ended)) {
        logOverLimit(task, registered);
      }
      this.changes.publish(tasks.filter(({ ended }) => ended).map(({ task_uuid }) => task_uuid));
      last = tasks.length < BATCH ? undefined : tasks.at(-1);
    } while (last !== undefined);
  }
}

function logOverLimit({ task_uuid, exceeded_limit }: CheckedTask, { template }: RegisteredTemplate): void {
  const { namespace, name, version } = template;
  new FieldLogger(LifecycleEnforcer.name, { task_uuid, namespace, name, version, exceeded_limit }).warn(
    `Task of ${namespace}/${name} ended in error: it is over its ${exceeded_limit}`,
  );
}

function hasLimit(lifecycle: LifecycleTemplate): boolean {
  return (
    lifecycle.maxDurationMinutes !== null ||
    lifecycle.maxWaitingForDependenciesMinutes !== null ||
    lifecycle.maxWaitingForRetryMinutes !== null ||
    lifecycle.maxStepsInProcessMinutes !== null
  );
}

function limitsJson(lifecycle: LifecycleTemplate): string {
  return JSON.stringify({
    max_duration_minutes: lifecycle.maxDurationMinutes,
    max_waiting_for_dependencies_minutes: lifecycle.maxWaitingForDependenciesMinutes,
    max_waiting_for_retry_minutes: lifecycle.maxWaitingForRetryMinutes,
    max_steps_in_process_minutes: lifecycle.maxStepsInProcessMinutes,
  });
}

/** The `auto_*` flags, where one of them is given, say for the whole duration what `staleness_action` says for the rest. */
function durationAction({
  autoDlqOnTimeout,
  autoFailOnTimeout,
  stalenessAction,
}: LifecycleTemplate): StalenessAction {
  if (autoDlqOnTimeout === true) return 'dlq';
  if (autoFailOnTimeout === true) return 'error';
  return autoDlqOnTimeout === null && autoFailOnTimeout === null ? stalenessAction : 'none';
}
