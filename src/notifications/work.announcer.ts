import { Injectable } from '@nestjs/common';
import type { Claimant, ClaimAnswer, Wanted } from '../engine/index.js';
import { Notifier } from './notifier.js';

/** A task that is about to be stored. */
export interface StartingTask {
  readonly templateId: number;
  /** How many of its steps can run at once. */
  readonly readySteps: number;
}

/** Free slots that wait for what the call which stores new tasks claims in the same transaction. One of the two ends the wait. */
export interface KeptSlots {
  readonly claimant: Claimant;
  /** A token a slot, and whether steps of other tasks may wait for one. */
  readonly wanted: Pick<Wanted, 'tokens' | 'seek'>;
  /** The call has claimed this. */
  claimed(answer: ClaimAnswer): void;
  /** The call has failed, perhaps after it had committed. */
  unanswered(): void;
}

/** Who runs steps in this process. */
export interface LocalTaker {
  /** Looks for work; answers whether it will take these steps all by itself. */
  offer(templateId: number, steps: number): boolean;
  /** Keeps slots for all first steps of these tasks; null where it would rather be offered them when they are stored. */
  keepSlots(tasks: readonly StartingTask[]): KeptSlots | null;
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

  /** Slots of this process for the first steps of tasks that are about to be stored; null where it has none to keep. */
  keepSlots(tasks: readonly StartingTask[]): KeptSlots | null {
    return this.taker?.keepSlots(tasks) ?? null;
  }

  /** Steps of a template became ready. */
  announce(templateId: number, steps: number): void {
    if (this.taker?.offer(templateId, steps) !== true) this.notifier.announceReady();
  }
}
