import { Injectable } from '@nestjs/common';
import { LogSettings, RetrySettings, WorkerSettings } from '../config/index.js';
import { classifyFailure, isTransient } from '../database/index.js';
import { Engine, TemplateCatalog } from '../engine/index.js';
import type {
  AttemptKey,
  Claimant,
  CompletionAnswer,
  StepReport,
  UnrecordedReport,
  Wanted,
} from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import { Meters } from '../metrics/index.js';
import { TaskChanges } from '../notifications/index.js';
import { idsOf } from './attempt.log.js';
import { EventRelay } from './event.relay.js';
import { HandedSteps } from './handed-steps.js';
import type { EndedAttempt } from './handed-steps.js';
import { LeaseKeeper } from './lease.keeper.js';
import { storableReport } from './unstorable.report.js';
import { WorkerStatistics } from './worker.statistics.js';

/** Calls the database until it answers; the work is told when it is a repetition. */
export type Persistently = <T>(work: (repeated: boolean) => Promise<T>) => Promise<T>;

/** Up to how many reports the tasks that somebody waits for are read by the call that records. */
const LARGEST_AWAITED = 8;

/** Records how attempts ended, in batches, and passes on what was recorded. */
@Injectable()
export class StepRecorder {
  constructor(
    private readonly engine: Engine,
    private readonly catalog: TemplateCatalog,
    private readonly leases: LeaseKeeper,
    private readonly changes: TaskChanges,
    private readonly eventRelay: EventRelay,
    private readonly statistics: WorkerStatistics,
    private readonly meters: Meters,
    private readonly log: LogSettings,
    private readonly settings: WorkerSettings,
    private readonly retries: RetrySettings,
  ) {}

  /**
   * Records a batch, and claims at most one step a token in the same call. Null where the batch could not be recorded as
   * one: its reports were then recorded one by one, and nothing was claimed. Never rejects.
   */
  async record(
    claimant: Claimant,
    batch: readonly EndedAttempt[],
    wanted: Wanted,
    persistently: Persistently,
  ): Promise<CompletionAnswer | null> {
    const reports = batch.map(({ report }) => report);
    const awaited = this.awaitedTasks(reports);
    const measured = this.meters.completionSeconds.startTimer();
    try {
      const answer = await persistently((repeated) =>
        this.engine.complete(claimant, reports, { ...wanted, awaited }, repeated),
      );
      measured();
      this.recorded(reports, answer);
      return answer.handed.length === 0 ? answer : this.withHanded(answer, batch);
    } catch (error) {
      await this.recordOneByOne(claimant, batch, error, persistently);
      return null;
    }
  }

  /** Tells everyone concerned what was recorded: leases, statistics, log, event subscribers, and who waits for the tasks. */
  recorded(reports: readonly StepReport[], answer: CompletionAnswer): void {
    this.meters.completionBatch.observe(reports.length);
    const refused = new Set(
      answer.unrecorded.filter(({ reason }) => reason === 'refused').map(({ token }) => token),
    );
    const published: StepReport[] = [];
    for (const report of reports) {
      this.leases.drop(report);
      if (refused.has(report.token)) {
        this.statistics.refused += 1;
        continue;
      }
      if (report.outcome === 'succeeded') this.statistics.succeeded += 1;
      else this.statistics.failed += 1;
      if (report.events !== undefined) published.push(report);
    }
    for (const late of answer.unrecorded) this.logLate(late);
    this.eventRelay.relay(published);
    if (this.log.logsChanges) {
      for (const task_uuid of answer.settledTasks)
        taskLogger(task_uuid).debug('Task has ended, or is blocked');
    }
    for (const task_uuid of answer.blockedTasks) logBlocked(task_uuid, reports);
    this.changes.publish(answer.settledTasks, answer.snapshots);
  }

  /** Who waits for a task is spared a look of its own, where these are so few that nobody else has to wait for it instead. */
  private awaitedTasks(reports: readonly StepReport[]): readonly string[] {
    if (this.changes.awaited.size === 0 || reports.length > LARGEST_AWAITED) return [];
    return reports.flatMap(({ taskUuid }) => (this.changes.awaited.has(taskUuid) ? [taskUuid] : []));
  }

  /** The step runs again once its lease has run out, here or elsewhere. */
  giveUp(attempt: AttemptKey, problem: unknown): void {
    this.leases.drop(attempt);
    loggerOf(attempt).error(
      `The end of a step could not be recorded; its lease will run out: ${describe(problem)}`,
    );
  }

  /** One whose parents are not here after all is left to its lease. */
  private withHanded(answer: CompletionAnswer, batch: readonly EndedAttempt[]): CompletionAnswer {
    const parents = new HandedSteps(
      batch,
      (templateId) => this.catalog.get(templateId),
      this.settings.maxInputBytes,
    );
    const steps = [...answer.steps];
    for (const key of answer.handed) {
      try {
        steps.push(parents.claim(key));
      } catch (error) {
        loggerOf(key).error(`A step can't be run: ${describe(error)}`);
      }
    }
    return { ...answer, steps };
  }

  /** A report that the database can't take must not keep the others of its batch from being recorded. */
  private async recordOneByOne(
    claimant: Claimant,
    batch: readonly EndedAttempt[],
    cause: unknown,
    persistently: Persistently,
  ): Promise<void> {
    for (const { claim, report } of batch) {
      const triedAlone = batch.length === 1 || isTransient(cause);
      let problem = triedAlone ? cause : await this.recordAlone(claimant, report, persistently);
      if (classifyFailure(problem) === 'data') {
        const step = [...(this.catalog.get(claim.templateId)?.steps.values() ?? [])][claim.stepIndex];
        const storable = storableReport(report, problem, step, this.retries.retryJitter);
        problem = await this.recordAlone(claimant, storable, persistently);
      }
      if (problem !== null) this.giveUp(report, problem);
    }
  }

  /** Null when it was recorded, else why it could not be. */
  private async recordAlone(
    claimant: Claimant,
    report: StepReport,
    persistently: Persistently,
  ): Promise<unknown> {
    try {
      const answer = await persistently((repeated) =>
        this.engine.complete(claimant, [report], { tokens: [] }, repeated),
      );
      this.recorded([report], answer);
      return null;
    } catch (error) {
      return error;
    }
  }

  private logLate(late: UnrecordedReport): void {
    if (late.reason === 'repeated') return;
    loggerOf(late).warn('A late answer was refused: its attempt no longer holds the step');
  }
}

/** For what is said of one step. */
function loggerOf(attempt: AttemptKey): FieldLogger {
  return new FieldLogger(StepRecorder.name, idsOf(attempt));
}

/** For what is said of one task. */
function taskLogger(task_uuid: string): FieldLogger {
  return new FieldLogger(StepRecorder.name, { task_uuid });
}

/** The steps that failed before this batch are in the task's answer; those of this one are told. */
function logBlocked(taskUuid: string, reports: readonly StepReport[]): void {
  const failed = reports.filter((report) => report.outcome === 'failed' && report.taskUuid === taskUuid);
  taskLogger(taskUuid).warn({
    message: 'Task is blocked: a step has failed for good, and nothing else of it can run',
    failed_steps: failed.map((report) => idsOf(report).step_uuid).join(',') || null,
  });
}

function describe(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
