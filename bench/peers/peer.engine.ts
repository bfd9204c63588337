import { paced } from '../engines/index.js';
import type { Batch, BatchTimes, BenchEngine, PacedBatch } from '../engines/index.js';
import { workload } from '../workloads/index.js';

/** Another engine, with the four steps of the linear workload as its durable steps or jobs. */
export interface Peer {
  /** Begins this many tasks in the fastest way that it has. */
  submitMany(tasks: number): Promise<void>;
  /** Runs one task, and resolves when its end is known to whoever began it. */
  runTask(): Promise<void>;
  stop(): Promise<void>;
}

/** Counts the ends of a peer's tasks and checks what they come to. */
export class PeerResults {
  private remaining = 0;
  private whenAll: (() => void) | undefined;
  private readonly expected = workload('linear').result;
  private wrong = 0;

  /** Resolves when this many tasks more have ended. Rejects where one of them came to something else than it should. */
  async all(tasks: number): Promise<void> {
    this.remaining = tasks;
    await new Promise<void>((resolve) => {
      this.whenAll = resolve;
    });
    if (this.wrong > 0) throw new Error(`${this.wrong} tasks did not end with ${this.expected}`);
  }

  /** A task has ended with this result. */
  ended(result: unknown): void {
    if (result !== this.expected) this.wrong += 1;
    this.remaining -= 1;
    if (this.remaining === 0) this.whenAll?.();
  }
}

/** Drives a peer as the bench drives every engine. */
export class PeerEngine implements BenchEngine {
  constructor(
    private readonly peer: Peer,
    private readonly results: PeerResults,
  ) {}

  async run({ tasks }: Batch): Promise<BatchTimes> {
    const begin = performance.now();
    const allEnded = this.results.all(tasks);
    await this.peer.submitMany(tasks);
    const submitSeconds = (performance.now() - begin) / 1000;
    await allEnded;
    return { seconds: (performance.now() - begin) / 1000, submitSeconds };
  }

  async runAlone({ tasks }: Batch): Promise<readonly number[]> {
    const latencies: number[] = [];
    for (let task = 0; task < tasks; task += 1) {
      const begin = performance.now();
      const ended = this.results.all(1);
      await this.peer.runTask();
      await ended;
      latencies.push(performance.now() - begin);
    }
    return latencies;
  }

  runPaced({ tasks, tasksPerSecond }: PacedBatch): Promise<readonly number[]> {
    return paced(tasks, tasksPerSecond, () => this.peer.runTask());
  }

  stop(): Promise<void> {
    return this.peer.stop();
  }
}

/** Makes `count` calls, at most `limit` of them at a time. */
export async function limited(count: number, limit: number, call: () => Promise<unknown>): Promise<void> {
  let left = count;
  const callers = Array.from({ length: Math.min(count, limit) }, async () => {
    for (; left > 0;) {
      left -= 1;
      await call();
    }
  });
  await Promise.all(callers);
}
