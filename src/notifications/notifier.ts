import { Injectable, Logger } from '@nestjs/common';
import { OwnContext } from '../context/index.js';
import { Database } from '../database/index.js';
import { encodeAnnouncement, EVENTS_CHANNEL, NOTIFY, READY_CHANNEL, TASKS_CHANNEL } from './announcement.js';
import { ProcessIdentity } from './process-identity.js';

/**
 * How long after the last notification of this process the next one leaves at the earliest: each is a transaction, and wakes
 * every process that listens. Ready steps are more urgent than the news of tasks, of which there are thousands a second.
 */
const INTERVAL_MS = 10;
const TASKS_INTERVAL_MS = 25;

/**
 * Sends NOTIFY to other processes: the first announcement leaves at once, those that follow soon after leave together.
 *
 * Announcements are hints. One that can't be sent is dropped: whoever misses it finds the work by polling.
 */
@Injectable()
export class Notifier {
  private readonly logger = new Logger(Notifier.name);
  private ready = false;
  private events = false;
  private readonly tasks = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  /** When the timer fires. */
  private due = Number.POSITIVE_INFINITY;
  private sending: Promise<void> = Promise.resolve();
  private underWay = false;
  private lastSent = Number.NEGATIVE_INFINITY;
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly database: Database,
    private readonly identity: ProcessIdentity,
  ) {}

  /** Ready steps exist that this process will not take itself. */
  announceReady(): void {
    this.ready = true;
    this.schedule(INTERVAL_MS);
  }

  /** Durable domain events were stored. */
  announceEvents(): void {
    this.events = true;
    this.schedule(INTERVAL_MS);
  }

  /** These tasks have ended, or changed in a way that someone may wait for. */
  announceTasks(taskUuids: readonly string[]): void {
    if (taskUuids.length === 0) return;
    for (const taskUuid of taskUuids) this.tasks.add(taskUuid);
    this.schedule(TASKS_INTERVAL_MS);
  }

  /** Sends what is left; resolves when it has left. */
  async flush(): Promise<void> {
    await this.sending;
    this.clearTimer();
    this.send();
    await this.sending;
  }

  private schedule(intervalMs: number): void {
    const due = this.lastSent + intervalMs;
    // While one is on its way the next ones gather; its end sends them.
    if (this.underWay || this.due <= due) return;
    this.clearTimer();
    const wait = due - performance.now();
    if (wait <= 0) {
      this.send();
      return;
    }
    this.due = due;
    this.timer = this.ownContext.run(() =>
      setTimeout(() => {
        this.clearTimer();
        this.send();
      }, wait),
    );
  }

  private clearTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.due = Number.POSITIVE_INFINITY;
  }

  private send(): void {
    const { origin } = this.identity;
    const messages: string[][] = [];
    if (this.ready) messages.push([READY_CHANNEL, encodeAnnouncement({ origin, taskUuids: null })]);
    if (this.events) messages.push([EVENTS_CHANNEL, encodeAnnouncement({ origin, taskUuids: null })]);
    if (this.tasks.size > 0) {
      messages.push([TASKS_CHANNEL, encodeAnnouncement({ origin, taskUuids: [...this.tasks] })]);
    }
    this.ready = false;
    this.events = false;
    this.tasks.clear();
    if (messages.length === 0) return;
    this.lastSent = performance.now();
    this.underWay = true;
    this.sending = this.ownContext.run(() => this.deliver(messages));
  }

  private async deliver(messages: readonly (readonly string[])[]): Promise<void> {
    try {
      for (const message of messages) await this.database.query(NOTIFY, message);
    } catch (error) {
      this.logger.debug(
        `A notification could not be sent, others will find the work by polling: ${String(error)}`,
      );
    }
    this.underWay = false;
    if (this.ready || this.events) this.schedule(INTERVAL_MS);
    else if (this.tasks.size > 0) this.schedule(TASKS_INTERVAL_MS);
  }
}
