import { SchedulerRegistry } from '@nestjs/schedule';

export interface RepeatingJobOptions {
  /** Its name in the `SchedulerRegistry`. */
  readonly name: string;
  /** From the end of one run to the start of the next; spread by a tenth, so that processes do not run in step. */
  readonly everyMs: number;
  run(): Promise<void>;
  /** What a run rejected with; the next one comes as always. */
  onError(error: unknown): void;
}

/** Does something again and again, one run at a time. */
export class RepeatingJob {
  private stopped = true;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly scheduler: SchedulerRegistry,
    private readonly options: RepeatingJobOptions,
  ) {}

  /** The first run comes after the interval. Safe to call twice. */
  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.runLater();
  }

  /** Resolves when no run is under way, and none will be. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopped = true;
    const { name } = this.options;
    if (this.scheduler.doesExist('timeout', name)) this.scheduler.deleteTimeout(name);
    await this.running;
  }

  private runLater(): void {
    if (this.stopped) return;
    const { name, everyMs } = this.options;
    const timer = setTimeout(
      () => {
        this.scheduler.deleteTimeout(name);
        this.running = this.runOnce();
      },
      everyMs * (0.9 + Math.random() * 0.2),
    );
    this.scheduler.addTimeout(name, timer);
  }

  private async runOnce(): Promise<void> {
    try {
      await this.options.run();
    } catch (error) {
      this.options.onError(error);
    }
    this.runLater();
  }
}
