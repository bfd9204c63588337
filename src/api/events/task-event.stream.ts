import type { ServerResponse } from 'node:http';

import type { RunningStep, TaskEventCursor, TaskEventPage } from '../../engine/index.js';
import { toStart, toStateChange } from './task-event.mapper.js';

/** The first status that is an end. */
const ENDED = 2;
const RETRY_MS = 1_000;

/** One client that follows one task: what it has been sent, and where it goes on. */
export class TaskEventStream implements TaskEventCursor {
  private readonly started = new Set<string>();

  constructor(
    readonly taskUuid: string,
    public after: string,
    private readonly response: ServerResponse,
  ) {}

  /** Sends nothing more while the client does not take what it has been sent. */
  get full(): boolean {
    return this.response.writableNeedDrain;
  }

  open(): void {
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      // Some proxies hold answers back otherwise.
      'X-Accel-Buffering': 'no',
    });
    this.response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Sends what came, and ends the stream with the task. Answers whether there is more to be read at once. */
  take({ events, running, more, status }: TaskEventPage): boolean {
    for (const event of events) {
      this.after = event.event_id;
      this.send(
        event.step_index === null ? 'task' : 'step',
        toStateChange(this.taskUuid, event),
        event.event_id,
      );
    }
    for (const step of running) this.sayStarted(step);
    if (status >= ENDED && !more) this.end('end', { task_uuid: this.taskUuid });
    return more;
  }

  /** So that nobody in between takes the connection for dead. */
  heartbeat(): void {
    if (!this.full) this.response.write(': still here\n\n');
  }

  /** The client may come back and go on elsewhere. */
  sayGoodbye(reason = 'the service is stopping'): void {
    this.response.end(`: ${reason}\n\n`);
  }

  /** Told as it is seen, without an id: an attempt's beginning is not recorded. */
  private sayStarted(step: RunningStep): void {
    const key = `${step.step_index} ${step.started_at}`;
    if (this.started.has(key)) return;
    this.started.add(key);
    this.send('step', toStart(this.taskUuid, step));
  }

  private send(event: string, data: object, id?: string): void {
    const identified = id === undefined ? '' : `id: ${id}\n`;
    this.response.write(`${identified}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private end(event: string, data: object): void {
    this.send(event, data);
    this.response.end();
  }
}
