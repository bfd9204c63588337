import type { Client } from 'pg';

/** For how long an idle connection waits before it looks again by itself. */
const LOOK_AGAIN_MS = 500;

/** The calls of an engine, as a loop makes them. Each answers with the steps that the caller is to run next. */
export interface LoopCalls<Step> {
  claim(client: Client): Promise<readonly Step[]>;
  /** Records the results of the steps, in their order, and claims. */
  complete(
    client: Client,
    steps: readonly Step[],
    results: readonly (number | string)[],
  ): Promise<readonly Step[]>;
  handle(step: Step): number | string;
}

/** Claims, runs and completes on each of its connections, until it is stopped: what a worker comes to at the least. */
export class BareLoop<Step> {
  private stopped = false;
  private generation = 0;
  private readonly sleepers = new Set<() => void>();
  private readonly loops: Promise<unknown>;

  constructor(
    clients: readonly Client[],
    private readonly calls: LoopCalls<Step>,
  ) {
    this.loops = Promise.all(clients.map((client) => this.loop(client)));
  }

  /** Work may be there. */
  wake(): void {
    this.generation += 1;
    for (const sleeper of this.sleepers) sleeper();
    this.sleepers.clear();
  }

  /** Rejects where a loop has failed. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.loops;
  }

  private async loop(client: Client): Promise<void> {
    let steps: readonly Step[] = [];
    while (!this.stopped) {
      const { generation } = this;
      if (steps.length === 0) steps = await this.calls.claim(client);
      if (steps.length === 0) {
        // A wake-up between the look and now must not be missed.
        if (generation === this.generation) await this.sleep();
        continue;
      }
      const results = await Promise.all(steps.map(async (step) => this.calls.handle(step)));
      steps = await this.calls.complete(client, steps, results);
    }
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.sleepers.delete(wake);
        resolve();
      }, LOOK_AGAIN_MS);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.sleepers.add(wake);
    });
  }
}
