/** Node takes no longer delay; whoever waits longer is woken early, and looks once more. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** Acts once at the earliest of all the times that it was given since it last did. */
export class EarliestTimer {
  private timer: NodeJS.Timeout | undefined;
  /** When it fires, by `performance.now()`. */
  private at = 0;

  constructor(private readonly action: () => void) {}

  actWithin(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (this.timer !== undefined && this.at <= at) return;
    clearTimeout(this.timer);
    this.at = at;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.action();
      },
      Math.min(milliseconds + 1, LONGEST_DELAY_MS),
    );
  }

  /** Forgets all of them. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
