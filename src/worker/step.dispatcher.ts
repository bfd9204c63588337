import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { OwnContext } from '../context/index.js';
import { LogSettings, RetrySettings, WorkerSettings } from '../config/index.js';
import { SCHEMA_VERSION } from '../database/index.js';
import { attemptTokens, Engine, retryTransient, StepResultReader } from '../engine/index.js';
import type { Claimant, ClaimAnswer, ClaimedStep, CompletionAnswer } from '../engine/index.js';
import { Notifier } from '../notifications/index.js';
import type { KeptSlots, LocalTaker, StartingTask } from '../notifications/index.js';
import { EventPublisherRegistry } from './event-publisher.registry.js';
import { LeaseKeeper } from './lease.keeper.js';
import type { LeaseLost } from './lease.keeper.js';
import { attemptLogger, logAttemptEnd } from './attempt.log.js';
import { AttemptClock } from './attempt.clock.js';
import { RunningAttempt } from './running-attempt.js';
import type { AttemptEnd, AttemptEnvironment } from './running-attempt.js';
import { EarliestTimer } from './earliest.timer.js';
import type { EndedAttempt } from './handed-steps.js';
import { ServedTemplates } from './served-templates.js';
import { StartQueue } from './start.queue.js';
import { StepAbortedError } from './step-errors.js';
import { StepInputLoader } from './step-input.loader.js';
import { StepRecorder } from './step.recorder.js';
import type { Persistently } from './step.recorder.js';
import { StepTransactions } from './step.transactions.js';
import { Meters } from '../metrics/index.js';
import { WorkerStatistics } from './worker.statistics.js';

/** Completions are group-committed: what ends while two batches are under way forms the next one. */
const MOST_FLIGHTS = 2;
const LARGEST_BATCH = 500;
/** How many steps a process asks for that has found none the last time; where there are more, the next call asks for all. */
const FEW = 20;
/** How long to wait after a claim that failed for another reason than a lost connection. */
const CLAIM_PAUSE_MS = 1_000;
/** What of the time for a shutdown is kept for handing back and for goodbyes: this much, and no more than that part of it. */
const GOODBYES_MS = 1_000;
const GOODBYES_PART = 1 / 5;
/** For how long, past the deadline of a shutdown, what has ended may still be recorded. */
const FLUSH_PATIENCE_MS = 5_000;

/** A call under way. */
interface Flight {
  readonly tokens: readonly string[];
  /** Its answer tells whether ready steps are left, of which nobody knew when it took off. */
  readonly looks: boolean;
}

export interface DispatcherStatus {
  /** Whether new work is taken, and if not, why. */
  readonly claiming: boolean;
  readonly reason: string | null;
  readonly slots: number;
  readonly running: number;
  /** Ended attempts that are not recorded yet. */
  readonly unrecorded: number;
}

/**
 * Runs steps: claims no more than it has free slots for, starts their handlers, and records how they end.
 *
 * Its life: stopped -> (`start`) running -> (`stopClaiming`) draining -> (`stop`) stopped.
 *
 * - running: woken by `wake` (a notification, a poll, a due retry, a submit in this process), it claims until it has no
 *   free slot or nothing is ready. Ended attempts gather in a buffer; each call that records a batch of them claims for
 *   the slots that are free by then, so that under load every round trip does both.
 * - A step whose attempts were lost with their workers is held until nothing else runs here, and then runs alone.
 * - draining (from `stopClaiming`): nothing is claimed; running attempts may end until the deadline, the rest is handed back
 *   unspent.
 */
@Injectable()
export class StepDispatcher implements LocalTaker {
  private readonly logger = new Logger(StepDispatcher.name);
  private state: 'stopped' | 'running' | 'draining' = 'stopped';
  private workerId = 0;
  private readonly running = new Map<string, RunningAttempt>();
  /** Claimed, not started yet. */
  private readonly queue = new StartQueue(
    (claim) => this.begin(claim),
    () => this.schedulePump(),
  );
  private readonly clock = new AttemptClock();
  /** Ended, not recorded yet. */
  private buffer: EndedAttempt[] = [];
  private flights = 0;
  /** Slots promised to claims that are under way. */
  private reserved = 0;
  /** Steps offered to this process since it last claimed. */
  private offered = 0;
  /**
   * Ready steps may exist that no call has looked for since. Set by every wake-up; cleared by every call that may look, and set
   * again where that call did not.
   */
  private wanted = false;
  /** Calls under way that look for ready steps: nobody knows yet whether they leave any behind. */
  private looks = 0;
  /** The last look has found nothing. */
  private foundNothing = false;
  private pumpScheduled = false;
  /** For the next retry that is due, or for a claim that failed and is to be tried again. */
  private readonly alarm = new EarliestTimer(() => this.wake());
  /** A step that is to run alone: 'claiming' while it is asked for. */
  private suspect: ClaimedStep | 'claiming' | undefined;
  private schemaIsNewer = false;
  /** Whether `start` was called, and no stop since. */
  private startWanted = false;
  /** When running attempts are handed back. */
  private deadline: NodeJS.Timeout | undefined;
  private abandon = new AbortController();
  private whenIdle: (() => void) | undefined;
  private readonly ownContext = new OwnContext();
  private readonly environment: AttemptEnvironment;
  private readonly onLeaseLost: LeaseLost = (claim) => this.lose(claim);
  /** Whether every change of a step is a line of the log; by the thousand a second they cost. */
  private readonly logsChanges: boolean;

  constructor(
    private readonly engine: Engine,
    private readonly served: ServedTemplates,
    private readonly leases: LeaseKeeper,
    private readonly recorder: StepRecorder,
    private readonly notifier: Notifier,
    private readonly statistics: WorkerStatistics,
    private readonly meters: Meters,
    private readonly settings: WorkerSettings,
    retries: RetrySettings,
    log: LogSettings,
    results: StepResultReader,
    inputs: StepInputLoader,
    transactions: StepTransactions,
    publishers: EventPublisherRegistry,
  ) {
    this.logsChanges = log.logsChanges;
    this.environment = {
      observer: {
        ended: (attempt, end) => this.ended(attempt, end),
        broke: (attempt, error) => {
          recorder.giveUp(attempt.claim, error);
          this.ended(attempt, { kind: 'dropped' });
        },
      },
      rules: { maxResultBytes: settings.maxResultBytes, retryJitter: retries.retryJitter },
      defaultTimeoutSeconds: settings.stepTimeoutSeconds,
      maxInputBytes: settings.maxInputBytes,
      transactions,
      publishers,
      onEventsLost: (attempt, error) =>
        this.report(`The events of step ${attempt.name} of task ${attempt.taskUuid} are lost`, error),
      loadInput: (claim) => this.persistently(() => inputs.load(claim)),
      readStepResult: (taskUuid, stepName) => results.read(taskUuid, stepName),
      ownContext: this.ownContext,
      isStopping: () => this.state !== 'running',
      renewLease: (attempt) => leases.renew(attempt),
      recordWithin: (client, report) =>
        engine.complete(this.claimant(), [report], { tokens: [] }, false, client),
    };
  }

  async start(): Promise<void> {
    if (this.state !== 'stopped' || this.startWanted) return;
    this.startWanted = true;
    this.abandon = new AbortController();
    try {
      this.workerId = await this.persistently(() =>
        this.engine.registerWorker(this.settings.workerId, hostname()),
      );
    } catch (error) {
      this.startWanted = false;
      throw error;
    }
    if (!this.startWanted) return;
    this.state = 'running';
    this.wake();
  }

  /** Looks for work soon; any number of calls before that are one. */
  wake(): void {
    this.wanted = true;
    this.schedulePump();
  }

  offer(templateId: number, steps: number): boolean {
    if (!this.mayClaim() || !this.served.serves(templateId)) return false;
    this.wake();
    this.offered += steps;
    return this.freeSlots() >= this.offered;
  }

  keepSlots(tasks: readonly StartingTask[]): KeptSlots | null {
    const steps = tasks.reduce((sum, { readySteps }) => sum + readySteps, 0);
    if (!this.mayClaim() || this.buffer.length > 0 || this.flights >= MOST_FLIGHTS) return null;
    if (this.freeSlots() < steps || !tasks.every(({ templateId }) => this.served.serves(templateId)))
      return null;
    // One more than there will be, where there is one: it stays free if nothing else waits.
    const seek = this.mayBeMore();
    const flight = this.takeOff(steps + 1);
    return {
      claimant: this.claimant(),
      wanted: { tokens: flight.tokens, seek },
      claimed: (answer) => this.land(flight, answer),
      unanswered: () => void this.claimFor(flight, true),
    };
  }

  /**
   * Takes no more work, and hands back what has not started. Running attempts may end until shortly before
   * `shutdownTimeoutSeconds` are over, then they are handed back; so is each that fails meanwhile without saying how, for what
   * it needs may be gone. Safe to call twice, without `start`, and during it.
   */
  stopClaiming(): void {
    this.startWanted = false;
    // A start that still waits for the database gives up.
    if (this.state === 'stopped') this.abandon.abort();
    if (this.state !== 'running') return;
    this.state = 'draining';
    this.alarm.clear();
    const waiting = this.queue.takeAll();
    if (typeof this.suspect === 'object' && !this.running.has(this.suspect.token)) waiting.push(this.suspect);
    this.suspect = undefined;
    // Not awaited: the database may be away, and the deadline counts from now.
    void this.handBack(waiting);

    const allMs = this.settings.shutdownTimeoutSeconds * 1000;
    this.deadline = setTimeout(
      () => this.abortRunning(),
      allMs - Math.min(GOODBYES_MS, allMs * GOODBYES_PART),
    );
  }

  /** As `stopClaiming`; resolves when nothing runs and what has ended is recorded. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopClaiming();
    if (this.state === 'stopped') return;
    const idle = this.untilIdle();
    this.schedulePump();
    await idle;
    clearTimeout(this.deadline);
    this.state = 'stopped';
  }

  status(): DispatcherStatus {
    const reason = this.notClaimingBecause();
    return {
      claiming: reason === null,
      reason,
      slots: this.settings.maxConcurrency,
      running: this.running.size,
      unrecorded: this.buffer.length,
    };
  }

  private notClaimingBecause(): string | null {
    if (this.state === 'stopped')
      return 'the worker has not started: the application does not listen, and nothing called TaskerWorker.start()';
    if (this.state === 'draining') return 'the service is shutting down';
    if (this.schemaIsNewer)
      return `the database's schema is newer than version ${SCHEMA_VERSION}, which this release knows`;
    return null;
  }

  private mayClaim(): boolean {
    return this.state === 'running' && this.suspect === undefined && !this.schemaIsNewer;
  }

  /** What has ended keeps its slot until it is recorded: the same call may bring what follows it. */
  private freeSlots(): number {
    const used = this.running.size + this.queue.length + this.buffer.length + this.reserved;
    return this.settings.maxConcurrency - used;
  }

  private claimant(): Claimant {
    return {
      workerId: this.workerId,
      templateIds: this.served.templateIds,
      leaseSeconds: this.settings.leaseSeconds,
    };
  }

  /** Once a turn of the event loop, so that whatever ends in the same turn goes into one batch. */
  private schedulePump(): void {
    if (this.pumpScheduled) return;
    this.pumpScheduled = true;
    this.ownContext.run(() =>
      setImmediate(() => {
        this.pumpScheduled = false;
        this.pump();
      }),
    );
  }

  private pump(): void {
    while (this.buffer.length > 0 && this.flights < MOST_FLIGHTS && !this.moreEndSoon()) {
      void this.record(this.buffer.splice(0, LARGEST_BATCH));
    }
    if (
      this.wanted &&
      this.buffer.length === 0 &&
      this.flights < MOST_FLIGHTS &&
      this.mayClaim() &&
      this.freeSlots() > 0
    ) {
      void this.claim();
    }
    this.startSuspect();
    this.settleIdle();
  }

  /**
   * While handlers of the last claim are still to be started, and the database is busy with a batch anyway, the next one is
   * better sent whole: halves would come back as halves, and every batch after them be as small.
   */
  private moreEndSoon(): boolean {
    return this.queue.length > 0 && this.flights > 0 && this.buffer.length < LARGEST_BATCH;
  }

  /** One token a slot that is free now, at most `most`. They are promised until the answer comes. */
  private reserve(most: number): readonly string[] {
    const count = this.mayClaim() ? Math.max(0, Math.min(this.freeSlots(), most)) : 0;
    if (count > 0) {
      this.wanted = false;
      this.offered = 0;
    }
    this.reserved += count;
    return attemptTokens(count);
  }

  private async claim(): Promise<void> {
    const most = this.foundNothing ? Math.max(this.offered, FEW) : Number.POSITIVE_INFINITY;
    await this.claimFor(this.takeOff(most), false);
  }

  /** @param used whether a call with these tokens may have claimed already */
  private async claimFor(flight: Flight, used: boolean): Promise<void> {
    let answer: ClaimAnswer | undefined;
    try {
      answer = await this.persistently((repeated) =>
        this.engine.claim(this.claimant(), flight.tokens, used || repeated),
      );
    } catch (error) {
      this.report('Steps could not be claimed, trying again', error);
      this.wakeIn(CLAIM_PAUSE_MS);
    }
    this.land(flight, answer);
  }

  /** Whether ready steps may wait that no answer has told of. */
  private mayBeMore(): boolean {
    return this.wanted || this.looks > 0;
  }

  /** A call begins that may fill this many slots. */
  private takeOff(most: number): Flight {
    const { wanted } = this;
    const tokens = this.reserve(most);
    const looks = wanted && tokens.length > 0;
    this.flights += 1;
    if (looks) this.looks += 1;
    return { tokens, looks };
  }

  /** A call has ended. */
  private land(flight: Flight, answer: ClaimAnswer | undefined): void {
    this.flights -= 1;
    if (flight.looks) {
      this.looks -= 1;
      if (answer?.more !== null) this.foundNothing = answer?.more === false && answer.steps.length === 0;
    }
    this.reserved -= flight.tokens.length;
    if (answer !== undefined) this.accept(answer);
    this.schedulePump();
  }

  private async record(batch: readonly EndedAttempt[]): Promise<void> {
    // The slots that it frees, and a free one to see whether there is more, if there may be: other free ones are left to a claim
    // of their own, which need not wait for the locks that this call may have to wait for.
    const { wanted } = this;
    const seek = this.mayBeMore();
    const flight = this.takeOff(batch.length + (wanted ? 1 : 0));
    const { tokens } = flight;
    const persistently: Persistently = (work) => this.persistently(work);
    const answer = await this.recorder.record(this.claimant(), batch, { tokens, seek }, persistently);
    // Of a repetition it is not known what the call whose answer was lost has released.
    if (answer === null || answer.unrecorded.length > 0 || (wanted && answer.more === null))
      this.wanted = true;
    if (answer !== null) this.announceReleased(answer);
    this.land(flight, answer ?? undefined);
  }

  /** Dependants that became ready and were not handed over are for whoever has a free slot. */
  private announceReleased({ released, more }: CompletionAnswer): void {
    if (released === 0) return;
    this.wanted = true;
    if (more === true || !this.mayClaim()) this.notifier.announceReady();
  }

  private accept(answer: ClaimAnswer): void {
    if (answer.schemaIsNewer && !this.schemaIsNewer) {
      this.schemaIsNewer = true;
      this.logger.error(`No more work is claimed: ${this.notClaimingBecause()}. Update this service`);
    }
    if (answer.more === true) this.wanted = true;
    this.statistics.claimed += answer.steps.length;
    this.meters.claimBatch.observe(answer.steps.length);
    this.leases.keep(answer.steps, this.onLeaseLost);
    if (this.state === 'running') {
      this.queue.push(answer.steps);
      this.wakeIn(answer.nextRetryMs);
      if (answer.alone && this.suspect === undefined) void this.claimSuspect();
    } else {
      void this.handBack(answer.steps);
    }
  }

  private wakeIn(milliseconds: number | null): void {
    if (milliseconds !== null && this.state === 'running') this.alarm.actWithin(milliseconds);
  }

  private lose(claim: ClaimedStep): void {
    const attempt = this.running.get(claim.token);
    if (attempt === undefined) this.forget(claim);
    else
      attempt.abort(
        new StepAbortedError('LEASE_LOST', 'The step is no longer held: cancelled, or taken for lost'),
      );
  }

  /** Of a step that has not started: it will not. */
  private forget({ token }: ClaimedStep): void {
    this.queue.remove(token);
    if (this.isSuspect(token)) this.suspect = undefined;
    this.wake();
  }

  private isSuspect(token: string): boolean {
    return typeof this.suspect === 'object' && this.suspect.token === token;
  }

  private begin(claim: ClaimedStep): void {
    const runnable = this.served.find(claim);
    if (runnable === null) {
      this.logger.error(
        `Step ${claim.name} of task ${claim.taskUuid} has no handler here; its lease will run out`,
      );
      this.leases.drop(claim);
      if (this.isSuspect(claim.token)) this.suspect = undefined;
      this.wake();
      return;
    }
    const attempt = new RunningAttempt(claim, runnable, this.environment);
    if (this.logsChanges) attemptLogger(StepDispatcher.name, attempt.namespace, claim).debug('Step started');
    attempt.start();
    // One whose handler answers at once has ended by now.
    if (attempt.hasEnded) return;
    this.running.set(claim.token, attempt);
    this.clock.watch(attempt);
  }

  private ended(attempt: RunningAttempt, end: AttemptEnd): void {
    const { claim } = attempt;
    this.running.delete(claim.token);
    this.observe(attempt, end);
    switch (end.kind) {
      case 'report':
        this.buffer.push({ claim, report: end.report });
        break;
      case 'recorded':
        this.recorder.recorded([end.report], end.answer);
        this.announceReleased(end.answer);
        break;
      case 'unknown':
      case 'interrupted':
        void this.handBack([claim]);
        break;
      case 'dropped':
        this.leases.drop(claim);
        break;
    }
    if (this.isSuspect(claim.token)) {
      this.suspect = undefined;
      this.wanted = true;
    }
    this.schedulePump();
  }

  private observe({ claim, namespace, seconds }: RunningAttempt, end: AttemptEnd): void {
    const outcome = 'report' in end ? end.report.outcome : end.kind;
    this.meters.stepDurations.add(namespace, claim.name, outcome, seconds);
    if (outcome !== 'succeeded' || this.logsChanges)
      logAttemptEnd(attemptLogger(StepDispatcher.name, namespace, claim), claim, end);
  }

  private async claimSuspect(): Promise<void> {
    this.suspect = 'claiming';
    this.flights += 1;
    const token = randomUUID();
    let step: ClaimedStep | undefined;
    try {
      const answer = await this.persistently(() => this.engine.claimAlone(this.claimant(), token));
      [step] = answer.steps;
    } catch (error) {
      this.report('A step that is to run alone could not be claimed, trying again', error);
      this.wakeIn(CLAIM_PAUSE_MS);
    }
    this.flights -= 1;
    if (step !== undefined && this.state === 'running') this.holdSuspect(step);
    else {
      this.suspect = undefined;
      if (step !== undefined) void this.handBack([step]);
    }
    this.schedulePump();
  }

  private holdSuspect(step: ClaimedStep): void {
    this.suspect = step;
    this.statistics.claimed += 1;
    this.leases.keep([step], this.onLeaseLost);
    this.logger.warn(
      `Step ${step.name} of task ${step.taskUuid} was lost ${step.lostCount} times; it runs once nothing else runs here`,
    );
  }

  private startSuspect(): void {
    const idle = this.running.size === 0 && this.queue.length === 0 && this.reserved === 0;
    if (typeof this.suspect === 'object' && idle && this.state === 'running') this.begin(this.suspect);
  }

  private abortRunning(): void {
    const attempts = [...this.running.values()];
    for (const attempt of attempts) {
      attempt.abort(
        new StepAbortedError('SHUTDOWN', 'The service is shutting down; the step is handed back'),
      );
    }
    void this.handBack(attempts.map(({ claim }) => claim));
    const { abandon } = this;
    setTimeout(() => abandon.abort(), FLUSH_PATIENCE_MS).unref();
  }

  private async handBack(steps: readonly ClaimedStep[]): Promise<void> {
    if (steps.length === 0) return;
    this.flights += 1;
    try {
      const count = await this.persistently(() => this.engine.release(steps));
      this.statistics.released += count;
      // Also where none was: what was committed after all has made others ready.
      this.wanted = true;
      this.notifier.announceReady();
    } catch (error) {
      this.report(`${steps.length} step(s) could not be handed back; their leases will run out`, error);
    }
    for (const step of steps) this.leases.drop(step);
    this.flights -= 1;
    this.schedulePump();
  }

  private untilIdle(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.whenIdle;
      this.whenIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  private settleIdle(): void {
    if (this.state !== 'draining') return;
    if (this.running.size > 0 || this.buffer.length > 0 || this.flights > 0) return;
    this.whenIdle?.();
    this.whenIdle = undefined;
  }

  /** Calls the database until it answers, however long it is away; only a shutdown that has run out of time gives up. */
  private persistently<T>(work: (repeated: boolean) => Promise<T>): Promise<T> {
    let told = false;
    return retryTransient(work, {
      signal: this.abandon.signal,
      onRetry: (error) => {
        if (!told) this.logger.warn(`The database did not answer, trying again: ${String(error)}`);
        told = true;
      },
    });
  }

  private report(what: string, error: unknown): void {
    this.logger.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
