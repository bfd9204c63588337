import type { ServerResponse } from 'node:http';

import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

import { OwnContext } from '../../context/index.js';
import { NotFoundError, TaskEventReader } from '../../engine/index.js';
import { InvalidRequestError } from '../../http/index.js';
import { TaskChanges } from '../../notifications/index.js';
import { TaskEventStream } from './task-event.stream.js';

/** How often open streams are looked after; what ends or blocks a task is seen at once. */
const LOOK_MS = 500;
const HEARTBEAT_MS = 15_000;
/** Streams that one statement reads for. */
const CHUNK = 200;

/** Feeds every open event stream of this process, with one statement for all of them, and none while there is none. */
@Injectable()
export class TaskEventFeed implements OnModuleDestroy {
  private readonly logger = new Logger(TaskEventFeed.name);
  private readonly streams = new Set<TaskEventStream>();
  private timer: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private looking = false;
  /** Something has happened since the look under way began. */
  private lookAgain = false;
  private stopping = false;
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly reader: TaskEventReader,
    changes: TaskChanges,
  ) {
    changes.settled.subscribe(() => this.lookNow());
  }

  /** How many streams are open. */
  get open(): number {
    return this.streams.size;
  }

  /**
   * Begins a stream behind an event, '0' for the beginning. It ends when the task has ended, the client goes, its token
   * ends (`gone` fires), or the service stops.
   *
   * @throws NotFoundError; InvalidRequestError where the event is not one of the task's. Nothing has been sent then.
   */
  async follow(taskUuid: string, after: string, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const [page] = await this.reader.read([{ taskUuid, after }]);
    if (page === undefined) throw new NotFoundError(`Task not found: ${taskUuid}`);
    if (!page.known)
      throw new InvalidRequestError([
        { path: 'Last-Event-ID', message: 'is not the id of an event of this task' },
      ]);
    if (response.destroyed) return;
    const stream = new TaskEventStream(taskUuid, after, response);
    stream.open();
    if (this.stopping) {
      stream.sayGoodbye();
      return;
    }
    this.streams.add(stream);
    response.once('close', () => this.drop(stream));
    gone.addEventListener('abort', () => {
      this.drop(stream);
      stream.sayGoodbye('the token is no longer good');
    });
    if (stream.take(page)) this.lookNow();
    this.lookLater();
    this.heartbeat ??= this.ownContext.run(() => setInterval(() => this.beat(), HEARTBEAT_MS));
  }

  onModuleDestroy(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    clearInterval(this.heartbeat);
    for (const stream of this.streams) stream.sayGoodbye();
  }

  private drop(stream: TaskEventStream): void {
    this.streams.delete(stream);
    if (this.streams.size > 0) return;
    clearTimeout(this.timer);
    clearInterval(this.heartbeat);
    this.timer = undefined;
    this.heartbeat = undefined;
  }

  private beat(): void {
    for (const stream of this.streams) stream.heartbeat();
  }

  private lookLater(): void {
    if (this.timer !== undefined || this.stopping || this.streams.size === 0) return;
    this.timer = this.ownContext.run(() => setTimeout(() => this.lookNow(), LOOK_MS));
  }

  private lookNow(): void {
    if (this.looking) this.lookAgain = true;
    else if (this.streams.size > 0 && !this.stopping) void this.ownContext.run(() => this.look());
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.looking = true;
    this.lookAgain = false;
    try {
      const streams = [...this.streams].filter((stream) => !stream.full);
      for (let from = 0; from < streams.length; from += CHUNK)
        await this.feed(streams.slice(from, from + CHUNK));
    } catch (error) {
      this.logger.debug(`Event streams could not be fed, trying again: ${String(error)}`);
    }
    this.looking = false;
    if (this.lookAgain) this.lookNow();
    else this.lookLater();
  }

  private async feed(streams: readonly TaskEventStream[]): Promise<void> {
    const pages = await this.reader.read(streams);
    for (const [place, stream] of streams.entries()) {
      const page = pages[place];
      if (!this.streams.has(stream)) continue;
      // Its task was removed meanwhile: there is nothing more to tell.
      if (page === undefined) stream.sayGoodbye();
      else if (stream.take(page)) this.lookAgain = true;
    }
  }
}
