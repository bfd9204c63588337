import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/index.js';
import { encodeAnnouncement, EVENTS_CHANNEL, NOTIFY, READY_CHANNEL, TASKS_CHANNEL } from './announcement.js';
import { ProcessIdentity } from './process-identity.js';

/** The shortest time between two notifications of this process. */
const INTERVAL_MS = 10;

/**
 * Sends NOTIFY to other processes: the first announcement leaves at once, those that follow within 10 ms leave together.
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
  private sending: Promise<void> = Promise.resolve();
  private underWay = false;
  private lastSent = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly database: Database,
    private readonly identity: ProcessIdentity,
  ) {}

  /** Ready steps exist that this process will not take itself. */
  announceReady(): void {
    this.ready = true;
    this.schedule();
  }

  /** Durable domain events were stored. */
  announceEvents(): void {
    this.events = true;
    this.schedule();
  }

  /** These tasks have ended, or changed in a way that someone may wait for. */
  announceTasks(taskUuids: readonly string[]): void {
    if (taskUuids.length === 0) return;
    for (const taskUuid of taskUuids) this.tasks.add(taskUuid);
    this.schedule();
  }

  /** Sends what is left; resolves when it has left. */
  async flush(): Promise<void> {
    await this.sending;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.send();
    await this.sending;
  }

  private schedule(): void {
    // While one is on its way the next ones gather; its end sends them.
    if (this.timer !== undefined || this.underWay) return;
    const wait = this.lastSent + INTERVAL_MS - performance.now();
    if (wait <= 0) {
      this.send();
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, wait);
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
    this.sending = this.deliver(messages);
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
    if (this.ready || this.events || this.tasks.size > 0) this.schedule();
  }
}
