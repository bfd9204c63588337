import { OwnContext } from '../context/index.js';
import type { ClaimedStep } from '../engine/index.js';

/** For how long handlers are started in one go before timers and sockets get their turn. */
const BUDGET_MS = 5;

/**
 * Claimed steps on their way to their handlers, oldest first. They are started a few milliseconds' worth a turn of the event
 * loop: a handler may compute before its first await.
 */
export class StartQueue {
  private waiting: ClaimedStep[] = [];
  private scheduled = false;
  private readonly ownContext = new OwnContext();

  /**
   * @param begin calls the handler of a step
   * @param onTurn called after each turn but the first, which is within `push`
   */
  constructor(
    private readonly begin: (claim: ClaimedStep) => void,
    private readonly onTurn: () => void,
  ) {}

  get length(): number {
    return this.waiting.length;
  }

  /** Adds steps, and starts what fits into this turn. */
  push(steps: readonly ClaimedStep[]): void {
    this.waiting.push(...steps);
    this.ownContext.run(() => this.startSome());
  }

  /** Of a step that is not to be started any more. */
  remove(token: string): void {
    this.waiting = this.waiting.filter((claim) => claim.token !== token);
  }

  /** Empties the queue; answers with what was in it. */
  takeAll(): ClaimedStep[] {
    const all = this.waiting;
    this.waiting = [];
    return all;
  }

  private startSome(): void {
    const until = performance.now() + BUDGET_MS;
    let started = 0;
    try {
      while (started < this.waiting.length && performance.now() < until) {
        const claim = this.waiting[started];
        started += 1;
        if (claim !== undefined) this.begin(claim);
      }
    } finally {
      // Also where the logger throws: none is started twice.
      this.waiting.splice(0, started);
    }
    if (this.waiting.length > 0) this.startMoreSoon();
  }

  private startMoreSoon(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.startSome();
      this.onTurn();
    });
  }
}
