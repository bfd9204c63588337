import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import { TaskClient } from '../../client/index.js';
import { WaitTimeoutError } from '../../engine/index.js';
import type { Task } from '../../engine/index.js';

/**
 * Holds answers until their tasks have settled. A wait ends early when its client has gone, and when the service shuts
 * down: an open request would hold the shutdown up.
 */
@Injectable()
export class TaskWaiter implements OnModuleDestroy {
  private readonly openWaits = new Set<AbortController>();
  private shuttingDown = false;

  constructor(private readonly tasks: TaskClient) {}

  /** How many answers are held now. */
  get open(): number {
    return this.openWaits.size;
  }

  /** The task, without what its steps have left, when it has settled, or as it is after `seconds`; rejects with the reason of `clientGone`. */
  async wait(taskUuid: string, seconds: number, clientGone: AbortSignal): Promise<Task> {
    if (seconds === 0 || this.shuttingDown) return this.tasks.get(taskUuid, { results: false });
    try {
      return await this.waitForSettled(taskUuid, seconds * 1000, clientGone);
    } catch (error) {
      clientGone.throwIfAborted();
      if (this.shuttingDown || error instanceof WaitTimeoutError)
        return this.tasks.get(taskUuid, { results: false });
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.shuttingDown = true;
    for (const wait of this.openWaits) wait.abort(new Error('The service is shutting down'));
  }

  private async waitForSettled(taskUuid: string, timeoutMs: number, clientGone: AbortSignal): Promise<Task> {
    clientGone.throwIfAborted();
    // Not AbortSignal.any: on Node 20 every signal made from a long-lived one stays in memory.
    const wait = new AbortController();
    const giveUp = () => wait.abort(clientGone.reason);
    clientGone.addEventListener('abort', giveUp);
    this.openWaits.add(wait);
    try {
      return await this.tasks.waitFor(taskUuid, { timeoutMs, signal: wait.signal, results: false });
    } finally {
      this.openWaits.delete(wait);
      clientGone.removeEventListener('abort', giveUp);
    }
  }
}
