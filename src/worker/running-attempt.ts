import { setMaxListeners } from 'node:events';
import { types } from 'node:util';
import type { ClientBase } from 'pg';
import { isolate, type OwnContext } from '../context/index.js';
import { isConnectionLoss, isTransient } from '../database/index.js';
import type {
  AttemptKey,
  ClaimedStep,
  CompletionAnswer,
  FailureDetail,
  JsonValue,
  StepReport,
} from '../engine/index.js';
import type { EventPublisherRegistry } from './event-publisher.registry.js';
import type { RunnableStep } from './served-templates.js';
import { stepClient } from './step-client.proxy.js';
import { isClassified, StepAbortedError, TransactionEndedError } from './step-errors.js';
import { stepEvents } from './step-events.builder.js';
import { StepFailure } from './step-execution-result.js';
import { reportAnswer, reportError } from './step-report.builder.js';
import type { ReportRules } from './step-report.builder.js';
import type { OpenTransaction, StepTransactions } from './step.transactions.js';
import { TaskSequenceStep } from './task-sequence-step.js';
import type { StepServices } from './task-sequence-step.js';

const DEEPEST_CAUSE = 16;
const NO_OUTAGES: readonly unknown[] = [];

/** How an attempt ended in this process. */
export type AttemptEnd =
  /** Something to record. */
  | { readonly kind: 'report'; readonly report: StepReport }
  /** Recorded already, in the step's own transaction; or refused in it, and rolled back. */
  | { readonly kind: 'recorded'; readonly report: StepReport; readonly answer: CompletionAnswer }
  /**
   * The connection of the step's own transaction broke or could not be had, or the transaction was rolled back because of
   * others, and whether it committed may not be known: the step is to be handed back, if it is still held.
   */
  | { readonly kind: 'unknown' }
  /**
   * It failed after the shutdown had begun, and the handler has not said how: what it needs may have been closed. The step is to
   * be handed back unspent.
   */
  | { readonly kind: 'interrupted'; readonly failure: FailureDetail }
  /** Nothing may be recorded: the lease is lost, or the attempt is handed back. */
  | { readonly kind: 'dropped'; readonly reason?: StepAbortedError };

/** Who is told how an attempt ended, exactly once. */
export interface AttemptObserver {
  ended(attempt: RunningAttempt, end: AttemptEnd): void;
  /** Its end could not even be put together: nothing can be recorded. */
  broke(attempt: RunningAttempt, error: unknown): void;
}

/** What an attempt needs of the worker. */
export interface AttemptEnvironment {
  readonly observer: AttemptObserver;
  readonly rules: ReportRules;
  readonly defaultTimeoutSeconds: number;
  /** The most bytes of context and results that a step is given. */
  readonly maxInputBytes: number;
  readonly transactions: StepTransactions;
  readonly publishers: EventPublisherRegistry;
  /** The events of a failure could not be made; the failure itself is recorded. */
  onEventsLost(attempt: ClaimedStep, error: unknown): void;
  /**
   * Reads an input that did not come with its claim, or came too large.
   *
   * @throws StepAbortedError where the attempt no longer holds its step; PermanentStepError where the input is too large
   */
  loadInput(claim: ClaimedStep): Promise<void>;
  readStepResult(taskUuid: string, stepName: string): Promise<JsonValue | undefined>;
  /** Whether the shutdown has begun. */
  isStopping(this: void): boolean;
  /** In which handlers run. */
  readonly ownContext: OwnContext;
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
  private controller: AbortController | undefined;
  private abortReason: StepAbortedError | undefined;
  private over = false;
  private told = false;
  private startedAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private transactionOpening: Promise<OpenTransaction> | undefined;
  private transactionOpen: OpenTransaction | undefined;
  /** With what the connection of its transaction failed, as the handler was told. */
  private outages = NO_OUTAGES;

  constructor(
    readonly claim: ClaimedStep,
    private readonly runnable: RunnableStep,
    private readonly environment: AttemptEnvironment,
  ) {}

  /** The namespace of its template. */
  get namespace(): string {
    return this.runnable.template.namespace;
  }

  /** Since its handler was called. */
  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Whether its observer has been told. */
  get hasEnded(): boolean {
    return this.told;
  }

  /** Calls the handler; `limitTime` is to follow. Never throws. */
  start(): void {
    this.startedAt = performance.now();
    const { input } = this.claim;
    if (input.isDeferred || input.exceeds(this.environment.maxInputBytes)) void this.startWithInput();
    else this.callHandler();
  }

  private async startWithInput(): Promise<void> {
    try {
      await this.environment.loadInput(this.claim);
    } catch (error) {
      if (error instanceof StepAbortedError) this.abort(error);
      else this.finish(() => this.failed(error));
      return;
    }
    if (this.environment.isStopping())
      this.finish(() => this.failed(new StepAbortedError('SHUTDOWN', 'Its input was still being read')));
    else if (!this.over) this.callHandler();
  }

  private callHandler(): void {
    const { handler, template, step } = this.runnable;
    let answer: unknown;
    try {
      const sequenceStep = new TaskSequenceStep(this.claim, template, step.template, this);
      // The dispatcher starts attempts in its own context.
      answer = isolate(() => handler.call(sequenceStep));
      if (isToBeAwaited(answer)) {
        Promise.resolve(answer).then(
          (awaited) => this.finish(() => this.answered(awaited)),
          (error: unknown) => this.finish(() => this.threw(error)),
        );
        return;
      }
    } catch (error) {
      this.finish(() => this.failed(error));
      return;
    }
    this.finish(() => this.answered(answer));
  }

  /** From now on it ends when its time is over, which counts from its start. */
  limitTime(): void {
    if (this.over) return;
    const seconds = this.runnable.step.template.timeoutSeconds ?? this.environment.defaultTimeoutSeconds;
    const left = Math.max(seconds - this.seconds, 0) * 1000;
    this.timer = setTimeout(() => this.timeOut(seconds), left);
  }

  /** Ends the attempt without a report: its step is no longer this process's. */
  abort(reason: StepAbortedError): void {
    this.finish(async () => {
      await this.rollback();
      return { kind: 'dropped', reason };
    });
    this.fireSignal(reason);
  }

  /** Made for the handlers that look at it: most do not, and it costs more than everything else of an attempt. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      // It lives for one attempt, and a handler may wait on it in many places: from the eleventh on Node would warn of a leak.
      setMaxListeners(Number.POSITIVE_INFINITY, this.controller.signal);
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  async readStepResult(stepName: string): Promise<JsonValue | undefined> {
    const { input, taskUuid } = this.claim;
    return Object.hasOwn(input.results, stepName)
      ? input.results[stepName]
      : this.environment.readStepResult(taskUuid, stepName);
  }

  async transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    this.throwIfAborted();
    if (this.over) throw new Error('The step has ended: its transaction can no longer be used');
    this.transactionOpening ??= this.beginTransaction();
    const transaction = await this.transactionOpening;
    this.throwIfAborted();
    return work(
      stepClient(transaction.client, transaction.state, {
        usable: () => !this.over,
        onFailure: (error) => this.noticeOutage(error),
        onStatement: (use) => transaction.notice(use),
      }),
    );
  }

  async heartbeat(): Promise<void> {
    this.throwIfAborted();
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
    this.fireSignal(reason);
  }

  private fireSignal(reason: StepAbortedError): void {
    this.abortReason ??= reason;
    const { controller } = this;
    if (controller !== undefined) this.environment.ownContext.run(() => controller.abort(reason));
  }

  private throwIfAborted(): void {
    if (this.abortReason !== undefined) throw this.abortReason;
  }

  /** An end that is at hand is told at once: thousands a second are. */
  private finish(conclude: () => AttemptEnd | Promise<AttemptEnd>): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    let end: AttemptEnd | Promise<AttemptEnd>;
    try {
      // Publishers and toJSON methods are users' code too: what they enter must not reach the next attempt.
      end = isolate(conclude);
    } catch (error) {
      this.tellBroken(error);
      return;
    }
    if (end instanceof Promise) {
      end.then(
        (concluded) => this.tell(concluded),
        (error: unknown) => this.tellBroken(error),
      );
    } else this.tell(end);
  }

  private tell(end: AttemptEnd): void {
    this.told = true;
    this.environment.observer.ended(this, end);
  }

  private tellBroken(error: unknown): void {
    this.told = true;
    this.environment.observer.broke(this, error);
  }

  private answered(answer: unknown): AttemptEnd | Promise<AttemptEnd> {
    const report = this.withEvents(
      reportAnswer(this.claim, this.runnable.step, answer, this.environment.rules),
    );
    if (report.outcome === 'failed' && this.environment.isStopping() && !(answer instanceof StepFailure))
      return this.interrupted(report.failure);
    if (this.transactionOpening === undefined) return { kind: 'report', report };
    return report.outcome === 'failed' ? this.rolledBackTo(report) : this.recordInTransaction(report);
  }

  /** A handler that only passes on that its transaction's connection failed has done nothing wrong: that spends no attempt. */
  private async threw(error: unknown): Promise<AttemptEnd> {
    if (!this.passesOnOutage(error)) return this.failed(error);
    await this.rollback();
    return { kind: 'unknown' };
  }

  /** As it came, or as the cause of an error of the handler's own; one that says what is to follow is taken at its word. */
  private passesOnOutage(thrown: unknown): boolean {
    let error = thrown;
    // Only where there was an outage is looked into what was thrown, and no deeper than causes go by right.
    for (let depth = 0; this.outages.length > 0 && depth < DEEPEST_CAUSE; depth += 1) {
      if (this.outages.includes(error)) return true;
      if (!types.isNativeError(error)) return false;
      if (isClassified(error)) return false;
      error = error.cause;
    }
    return false;
  }

  private noticeOutage(error: unknown): void {
    if (!isConnectionLoss(error)) return;
    this.outages = [...this.outages, error];
    this.transactionOpen?.distrust();
  }

  private async rolledBackTo(report: StepReport): Promise<AttemptEnd> {
    const isUndone = this.transactionOpen?.isOver !== true;
    await this.rollback();
    return { kind: 'report', report: isUndone ? report : this.endedByHandler(report) };
  }

  /** A failure that can't be told as one of which everything was rolled back. */
  private endedByHandler(report: StepReport): StepReport {
    const failure = report.outcome === 'failed' ? report.failure.message : undefined;
    return this.withEvents(this.reportOf(new TransactionEndedError(failure)));
  }

  private failed(error: unknown): Promise<AttemptEnd> {
    const report = this.reportOf(error);
    if (report.outcome === 'failed' && this.environment.isStopping() && !isClassified(error))
      return this.interrupted(report.failure);
    return this.rolledBackTo(this.withEvents(report));
  }

  private async interrupted(failure: FailureDetail): Promise<AttemptEnd> {
    await this.rollback();
    return { kind: 'interrupted', failure };
  }

  private reportOf(error: unknown): StepReport {
    return reportError(this.claim, this.runnable.step, error, this.environment.rules);
  }

  /** A success whose events can't be published becomes a failure that says why; a failure stays what it is. */
  private withEvents(report: StepReport): StepReport {
    if (this.runnable.step.events.length === 0) return report;
    try {
      return {
        ...report,
        events: stepEvents(this.claim, this.runnable, report, this.environment.publishers),
      };
    } catch (error) {
      if (report.outcome === 'succeeded') return this.withEvents(this.reportOf(error));
      this.environment.onEventsLost(this.claim, error);
      return report;
    }
  }

  private async recordInTransaction(report: StepReport): Promise<AttemptEnd> {
    const transaction = await this.openTransaction();
    if (transaction === null)
      return this.failed(new Error('The transaction of the step could not be opened'));
    if (transaction.isOver) return this.rolledBackTo(report);
    let answer: CompletionAnswer;
    try {
      await transaction.readyToRecord();
      answer = await this.environment.recordWithin(transaction.client, report);
    } catch (error) {
      return this.rolledBack(error);
    }
    if (answer.unrecorded.length > 0) {
      await transaction.rollback();
      return { kind: 'recorded', report, answer };
    }
    try {
      await transaction.commit();
      return { kind: 'recorded', report, answer };
    } catch (error) {
      // Of a constraint that is checked at the commit, for instance: it would fail again and again.
      return this.rolledBack(error);
    }
  }

  /** A broken connection or a conflict is nothing that the handler has done: its attempt is not spent on it. */
  private async rolledBack(error: unknown): Promise<AttemptEnd> {
    if (!isTransient(error)) return this.failed(error);
    this.noticeOutage(error);
    await this.rollback();
    return { kind: 'unknown' };
  }

  private async beginTransaction(): Promise<OpenTransaction> {
    try {
      this.transactionOpen = await this.environment.transactions.begin();
      return this.transactionOpen;
    } catch (error) {
      this.noticeOutage(error);
      throw error;
    }
  }

  /** One that still waits for its turn is rolled back when it has come; nobody waits for that. */
  private async rollback(): Promise<void> {
    if (this.transactionOpen !== undefined) await this.transactionOpen.rollback();
    else
      this.transactionOpening?.then(
        (transaction) => transaction.rollback(),
        () => undefined,
      );
  }

  /** The transaction, if one was asked for; null also where it could not be opened, which the handler was told. */
  private async openTransaction(): Promise<OpenTransaction | null> {
    return (await this.transactionOpening?.catch(() => null)) ?? null;
  }
}

/** A promise, or what `await` takes for one. */
function isToBeAwaited(answer: unknown): boolean {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null) return false;
  return typeof Reflect.get(answer, 'then') === 'function';
}
