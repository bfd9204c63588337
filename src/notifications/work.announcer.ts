import { Injectable } from '@nestjs/common';
import { Notifier } from './notifier.js';

/** Who runs steps in this process. */
export interface LocalTaker {
  /** Looks for work; answers whether it will take these steps all by itself. */
  offer(templateId: number, steps: number): boolean;
}

/** Brings newly ready work to whoever can run it: to this process first, to others by NOTIFY. */
@Injectable()
export class WorkAnnouncer {
  private taker: LocalTaker | undefined;

  constructor(private readonly notifier: Notifier) {}

  /** From now on work is offered to this taker first; undefined takes it away. */
  setLocalTaker(taker: LocalTaker | undefined): void {
    this.taker = taker;
  }

  /** Steps of a template became ready. */
  announce(templateId: number, steps: number): void {
    if (this.taker?.offer(templateId, steps) !== true) this.notifier.announceReady();
  }
}
