import { Injectable, Logger } from '@nestjs/common';
import { OwnContext } from '../context/index.js';
import { isSettled, onAbort, retryTransient, TaskReader, WaitTimeoutError } from '../engine/index.js';
import type { StepContents, Task } from '../engine/index.js';
import { PostgresListener, TaskChanges } from '../notifications/index.js';
import type { WaitOptions } from './task-client.js';

/** How often tasks are looked at that someone waits for: while notifications arrive, and while they do not. */
const SLOW_POLL_MS = 5_000;
const FAST_POLL_MS = 500;
const PATIENCE_MS = 5_000;
/** How many tasks are remembered that nobody waits for yet. */
const MOST_FRESH = 1_000;
/** Node takes no longer delay; a longer wait is one without end. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** @param snapshot the task as it stood when it settled, where that is known */
type Waiter = (snapshot?: string) => void;

interface Question {
  readonly taskUuid: string;
  readonly answer: (settled: boolean) => void;
}

/**
 * Waits for tasks to end. What this process completes is known at once, what others complete by their announcement; a poll
 * for all waiting callers together finds what no announcement told. Nothing is polled while nobody waits.
 */
@Injectable()
export class TaskWatch {
  private readonly logger = new Logger(TaskWatch.name);
  private readonly waiters = new Map<string, Set<Waiter>>();
  /** Submitted here a moment ago, and nobody has said that they have ended. */
  private readonly fresh = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  /** Asked by callers who begin to wait. */
  private questions: Question[] = [];
  private asking = false;
  private polling = false;
  /** Something has happened since the poll under way began. */
  private pollAgain = false;
  private stopped = false;
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly reader: TaskReader,
    private readonly listener: PostgresListener,
    private readonly changes: TaskChanges,
  ) {
    changes.settled.subscribe(({ taskUuids, snapshots }) => {
      if (taskUuids === null) {
        this.fresh.clear();
        this.pollNow();
      } else this.wake(taskUuids, snapshots);
    });
  }

  /** Ends polling, and lets whoever still waits look once more: with the database closed, that rejects. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.wake([...this.waiters.keys()]);
  }

  /** The task is about to be submitted: whoever waits for it next need not ask first whether it has ended. */
  expect(taskUuid: string): void {
    this.fresh.add(taskUuid);
    const [oldest = taskUuid] = this.fresh;
    if (this.fresh.size > MOST_FRESH) this.fresh.delete(oldest);
  }

  /** See `TaskClient.waitFor`. */
  async waitFor(taskUuid: string, { timeoutMs, signal, results = true }: WaitOptions): Promise<Task> {
    // Not AbortSignal.any: on Node 20 each signal made from a long-lived one stays in memory as long as that one.
    const stop = new AbortController();
    const forget = signal && onAbort(signal, () => stop.abort(signal.reason));
    const expire = (): void =>
      stop.abort(new WaitTimeoutError(`Task ${taskUuid} has not ended within ${timeoutMs} ms; it goes on`));
    const timer =
      timeoutMs === undefined || timeoutMs > LONGEST_DELAY_MS ? undefined : setTimeout(expire, timeoutMs);
    try {
      signal?.throwIfAborted();
      return await this.untilSettled(taskUuid, stop.signal, results ? 'bounded' : 'none');
    } finally {
      clearTimeout(timer);
      forget?.();
    }
  }

  private async untilSettled(taskUuid: string, stop: AbortSignal, contents: StepContents): Promise<Task> {
    for (;;) {
      const waiting = this.nextChange(taskUuid, stop);
      let snapshot: string | undefined;
      try {
        if (this.isFresh(taskUuid) || !(await this.settledAlready(taskUuid)))
          snapshot = await waiting.changed;
      } finally {
        waiting.cancel();
      }
      const task = await this.taskAs(snapshot, taskUuid, contents);
      if (isSettled(task.status)) return task;
      stop.throwIfAborted();
    }
  }

  /** What has ended stays as it is; what is blocked may have been set going again meanwhile, and is read. */
  private taskAs(snapshot: string | undefined, taskUuid: string, contents: StepContents): Promise<Task> {
    const look = async (): Promise<Task> => {
      const known = snapshot === undefined ? undefined : await this.reader.taskOf(snapshot);
      return known !== undefined && known.completedAt !== null ? known : this.reader.read(taskUuid, contents);
    };
    return retryTransient(look, { patienceMs: PATIENCE_MS });
  }

  /** Once, and only while announcements are heard: without them what others complete is not known. */
  private isFresh(taskUuid: string): boolean {
    return this.fresh.delete(taskUuid) && this.listener.state === 'listening';
  }

  /** Registers before anybody looks, so that a change in between is not missed. */
  private nextChange(
    taskUuid: string,
    stop: AbortSignal,
  ): { readonly changed: Promise<string | undefined>; readonly cancel: () => void } {
    const waiters = this.waiters.get(taskUuid) ?? new Set();
    this.waiters.set(taskUuid, waiters);
    this.changes.awaited.add(taskUuid);
    const { promise: changed, resolve } = deferred<string | undefined>();
    const wake: Waiter = (snapshot) => {
      waiters.delete(wake);
      if (waiters.size === 0 && this.waiters.get(taskUuid) === waiters) {
        this.waiters.delete(taskUuid);
        this.changes.awaited.delete(taskUuid);
      }
      stop.removeEventListener('abort', cancel);
      resolve(snapshot);
    };
    const cancel = (): void => wake();
    waiters.add(wake);
    stop.addEventListener('abort', cancel, { once: true });
    if (stop.aborted) cancel();
    this.pollLater();
    return { changed, cancel };
  }

  /** Whether it has ended, is blocked or is unknown by now. Whoever asks in the same turn shares the question. */
  private settledAlready(taskUuid: string): Promise<boolean> {
    return new Promise((answer) => {
      this.questions.push({ taskUuid, answer });
      this.askSoon();
    });
  }

  private askSoon(): void {
    if (this.asking || this.questions.length === 0) return;
    this.asking = true;
    this.ownContext.run(() => setImmediate(() => void this.ask()));
  }

  private async ask(): Promise<void> {
    const { questions } = this;
    this.questions = [];
    try {
      const taskUuids = questions.map(({ taskUuid }) => taskUuid);
      const settled = new Set(await this.reader.readSettled(taskUuids));
      for (const { taskUuid, answer } of questions) answer(settled.has(taskUuid));
    } catch {
      // Reading the task tells each caller what is wrong, or comes through where this did not.
      for (const { answer } of questions) answer(true);
    }
    this.asking = false;
    this.askSoon();
  }

  private wake(taskUuids: readonly string[], snapshots?: ReadonlyMap<string, string>): void {
    for (const taskUuid of taskUuids) {
      this.fresh.delete(taskUuid);
      for (const waiter of this.waiters.get(taskUuid) ?? []) waiter(snapshots?.get(taskUuid));
    }
  }

  private pollLater(): void {
    if (this.timer !== undefined || this.polling || this.stopped) return;
    const wait = this.listener.state === 'listening' ? SLOW_POLL_MS : FAST_POLL_MS;
    this.timer = this.ownContext.run(() => setTimeout(() => this.pollNow(), wait));
  }

  /** One question for all waiting callers, and never two at a time, however many announcements come in. */
  private pollNow(): void {
    if (this.polling) this.pollAgain = true;
    else if (this.waiters.size > 0 && !this.stopped) void this.ownContext.run(() => this.poll());
  }

  private async poll(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.polling = true;
    this.pollAgain = false;
    try {
      this.wake(await this.reader.readSettled([...this.waiters.keys()]));
    } catch (error) {
      this.logger.debug(`Waiting tasks could not be looked at, trying again: ${String(error)}`);
    }
    this.polling = false;
    if (this.waiters.size === 0) return;
    if (this.pollAgain) this.pollNow();
    else this.pollLater();
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: ((value: T) => void) | undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle?.(value) };
}
