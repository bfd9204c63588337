import type { ClientBase } from 'pg';
import type { AttemptKey, ClaimedStep, CompletionAnswer, JsonValue, StepReport } from '../engine/index.js';
import type { RunnableStep } from './served-templates.js';
import { StepAbortedError } from './step-errors.js';
import { reportAnswer, reportError } from './step-report.builder.js';
import type { ReportRules } from './step-report.builder.js';
import type { OpenTransaction, StepTransactions } from './step.transactions.js';
import { TaskSequenceStep } from './task-sequence-step.js';
import type { StepServices } from './task-sequence-step.js';

/** How an attempt ended in this process. */
export type AttemptEnd =
  /** Something to record. */
  | { readonly kind: 'report'; readonly report: StepReport }
  /** Recorded already, in the step's own transaction; or refused in it, and rolled back. */
  | { readonly kind: 'recorded'; readonly report: StepReport; readonly answer: CompletionAnswer }
  /** Whether the step's own transaction committed is not known: it is to be handed back, if it is still held. */
  | { readonly kind: 'unknown' }
  /** Nothing may be recorded: the lease is lost, or the attempt is handed back. */
  | { readonly kind: 'dropped' };

/** What an attempt needs of the worker. */
export interface AttemptEnvironment {
  readonly rules: ReportRules;
  readonly defaultTimeoutSeconds: number;
  readonly transactions: StepTransactions;
  readStepResult(taskUuid: string, stepName: string): Promise<JsonValue | undefined>;
  /** Whether the attempt still holds its step; renews its lease. */
  renewLease(attempt: AttemptKey): Promise<boolean>;
  /** Records one report within the step's transaction. */
  recordWithin(client: ClientBase, report: StepReport): Promise<CompletionAnswer>;
}

/**
 * One attempt at a step, from the call of its handler to the report on it.
 *
 * It ends exactly once: with the handler's answer, with its timeout, or by `abort`, whichever comes first. What the handler
 * does afterwards is ignored; its transaction is rolled back.
 */
export class RunningAttempt implements StepServices {
  readonly end: Promise<AttemptEnd>;
  private readonly controller = new AbortController();
  private resolveEnd: (end: AttemptEnd | Promise<AttemptEnd>) => void = () => undefined;
  private over = false;
  private timer: NodeJS.Timeout | undefined;
  private transactionOpening: Promise<OpenTransaction> | undefined;

  constructor(
    readonly claim: ClaimedStep,
    private readonly runnable: RunnableStep,
    private readonly environment: AttemptEnvironment,
  ) {
    this.end = new Promise((resolve) => {
      this.resolveEnd = resolve;
    });
  }

  /** Calls the handler. Never throws. */
  start(): void {
    const { handler, template, step } = this.runnable;
    const seconds = step.template.timeoutSeconds ?? this.environment.defaultTimeoutSeconds;
    this.timer = setTimeout(() => this.timeOut(seconds), seconds * 1000);
    try {
      const sequenceStep = new TaskSequenceStep(
        this.claim,
        template,
        step.template,
        this.controller.signal,
        this,
      );
      Promise.resolve(handler.call(sequenceStep)).then(
        (answer) => this.finish(() => this.answered(answer)),
        (error: unknown) => this.finish(() => this.failed(error)),
      );
    } catch (error) {
      this.finish(() => this.failed(error));
    }
  }

  /** Ends the attempt without a report: its step is no longer this process's. */
  abort(reason: StepAbortedError): void {
    this.finish(async () => {
      await this.rollback();
      return { kind: 'dropped' };
    });
    this.controller.abort(reason);
  }

  async readStepResult(stepName: string): Promise<JsonValue | undefined> {
    const { inputs, taskUuid } = this.claim;
    return Object.hasOwn(inputs, stepName)
      ? inputs[stepName]
      : this.environment.readStepResult(taskUuid, stepName);
  }

  async transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    this.controller.signal.throwIfAborted();
    if (this.over) throw new Error('The step has ended: its transaction can no longer be used');
    this.transactionOpening ??= this.environment.transactions.begin();
    const transaction = await this.transactionOpening;
    this.controller.signal.throwIfAborted();
    return work(transaction.client);
  }

  async heartbeat(): Promise<void> {
    this.controller.signal.throwIfAborted();
    if (await this.environment.renewLease(this.claim)) return;
    const reason = new StepAbortedError('LEASE_LOST', 'The step is no longer held by this attempt');
    this.abort(reason);
    throw reason;
  }

  private timeOut(seconds: number): void {
    const reason = new StepAbortedError(
      'TIMEOUT',
      `The step did not end within ${seconds} s (timeout_seconds)`,
    );
    this.finish(() => this.failed(reason));
    this.controller.abort(reason);
  }

  private finish(conclude: () => Promise<AttemptEnd>): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.resolveEnd(conclude());
  }

  private async answered(answer: unknown): Promise<AttemptEnd> {
    const report = reportAnswer(this.claim, this.runnable.step, answer, this.environment.rules);
    if (this.transactionOpening === undefined) return { kind: 'report', report };
    if (report.outcome === 'failed') {
      await this.rollback();
      return { kind: 'report', report };
    }
    return this.recordInTransaction(report);
  }

  private async failed(error: unknown): Promise<AttemptEnd> {
    await this.rollback();
    return {
      kind: 'report',
      report: reportError(this.claim, this.runnable.step, error, this.environment.rules),
    };
  }

  private async recordInTransaction(report: StepReport): Promise<AttemptEnd> {
    const transaction = await this.openTransaction();
    if (transaction === null)
      return this.failed(new Error('The transaction of the step could not be opened'));
    let answer: CompletionAnswer;
    try {
      answer = await this.environment.recordWithin(transaction.client, report);
    } catch (error) {
      return this.failed(error);
    }
    if (answer.unrecorded.length > 0) {
      await transaction.rollback();
      return { kind: 'recorded', report, answer };
    }
    try {
      await transaction.commit();
      return { kind: 'recorded', report, answer };
    } catch {
      return { kind: 'unknown' };
    }
  }

  private async rollback(): Promise<void> {
    const transaction = await this.openTransaction();
    await transaction?.rollback();
  }

  /** The transaction, if one was asked for; null also where it could not be opened, which the handler was told. */
  private async openTransaction(): Promise<OpenTransaction | null> {
    return (await this.transactionOpening?.catch(() => null)) ?? null;
  }
}
