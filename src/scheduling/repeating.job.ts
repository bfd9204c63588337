export interface RepeatingJobOptions {
  /** From the end of one run to the start of the next; spread by a tenth, so that processes do not run in step. */
  readonly everyMs: number;
  run(): Promise<void>;
  /** What a run rejected with; the next one comes as always. */
  onError(error: unknown): void;
}

/**
 * Does something again and again, one run at a time. By a plain timer: a scheduler module that this library brought along would run
 * each job of the application that imports it twice.
 */
export class RepeatingJob {
  private stopped = true;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: RepeatingJobOptions) {}

  /** The first run comes after the interval. Safe to call twice. */
  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.runLater();
  }

  /** Resolves when no run is under way, and none will be. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private runLater(): void {
    if (this.stopped) return;
    this.timer = setTimeout(
      () => {
        this.running = this.runOnce();
      },
      this.options.everyMs * (0.9 + Math.random() * 0.2),
    );
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
