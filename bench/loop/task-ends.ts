/** Who waits for which task, or for how many of them. A task's end may be told before anybody waits for it. */
export class TaskEnds {
  private readonly early = new Set<string>();
  private readonly waiting = new Map<string, () => void>();
  private remaining = 0;
  private whenAll: (() => void) | undefined;

  /** Resolves when this many tasks more have ended. Nobody waits for single ones meanwhile. */
  all(count: number): Promise<void> {
    this.early.clear();
    this.remaining = count;
    return new Promise((resolve) => {
      this.whenAll = resolve;
    });
  }

  async of(task: string): Promise<void> {
    if (this.early.delete(task)) return;
    await new Promise<void>((resolve) => {
      this.waiting.set(task, resolve);
    });
  }

  ended(tasks: readonly string[]): void {
    if (this.remaining > 0) {
      this.remaining -= tasks.length;
      if (this.remaining <= 0) this.whenAll?.();
      return;
    }
    for (const task of tasks) {
      const resolve = this.waiting.get(task);
      if (resolve === undefined) this.early.add(task);
      else resolve();
      this.waiting.delete(task);
    }
  }
}
