import { OwnContext } from '../context/index.js';
import { isTransient } from '../database/index.js';
import { retryTransient } from '../engine/index.js';
import type { Engine, SubmitAnswer } from '../engine/index.js';
import type { KeptSlots, StartingTask, WorkAnnouncer } from '../notifications/index.js';

const MOST_FLIGHTS = 2;
const LARGEST_BATCH = 200;
const MOST_CHARACTERS = 4_000_000;

export interface StoredTask {
  readonly answer: SubmitAnswer;
  /** This process has claimed all its first steps, so that nobody need be told of them. */
  readonly taken: boolean;
}

interface WaitingTask extends StartingTask {
  readonly json: string;
  readonly resolve: (stored: StoredTask | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Stores tasks that are submitted one by one, as many as come together in one call: what is submitted while two calls are
 * under way forms the next one. A lone task waits for nothing. Where this process has free slots, the same call claims the
 * first steps for them.
 *
 * Only for tasks that share no identity with any other. One that does may have to wait for whoever holds the same identity,
 * and would hold up all the others of its call.
 */
export class SubmitBuffer {
  private waiting: WaitingTask[] = [];
  private flights = 0;
  private scheduled = false;
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly engine: Engine,
    private readonly announcer: WorkAnnouncer,
    private readonly patienceMs: number,
  ) {}

  /** @param json a `NewTask` */
  submit(json: string, task: StartingTask): Promise<StoredTask | undefined> {
    return new Promise((resolve, reject) => {
      const { templateId, readySteps } = task;
      this.waiting.push({ templateId, readySteps, json, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.length === 0 || this.flights >= MOST_FLIGHTS) return;
    this.scheduled = true;
    this.ownContext.run(() =>
      setImmediate(() => {
        this.scheduled = false;
        void this.send(this.nextBatch());
        this.schedule();
      }),
    );
  }

  private nextBatch(): readonly WaitingTask[] {
    let characters = 0;
    const tooMuch = this.waiting.findIndex(({ json }, place) => {
      characters += json.length;
      return place > 0 && characters > MOST_CHARACTERS;
    });
    return this.waiting.splice(0, Math.min(tooMuch < 0 ? Number.POSITIVE_INFINITY : tooMuch, LARGEST_BATCH));
  }

  private async send(batch: readonly WaitingTask[]): Promise<void> {
    this.flights += 1;
    try {
      const stored = await this.store(batch);
      for (const [place, { resolve }] of batch.entries()) resolve(stored[place]);
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      // What the database does not take of one must not keep it from taking the others.
      else await Promise.all(batch.map((task) => this.sendAlone(task)));
    }
    this.flights -= 1;
    this.schedule();
  }

  private async sendAlone(task: WaitingTask): Promise<void> {
    try {
      const [stored] = await this.storeOnly([task.json]);
      task.resolve(stored);
    } catch (error) {
      task.reject(error);
    }
  }

  private async store(batch: readonly WaitingTask[]): Promise<readonly StoredTask[]> {
    const tasks = batch.map(({ json }) => json);
    const slots = this.announcer.keepSlots(batch);
    const stored = slots === null ? null : await this.storeAndClaim(tasks, slots);
    return stored ?? this.storeOnly(tasks);
  }

  private async storeOnly(tasks: readonly string[]): Promise<readonly StoredTask[]> {
    const answers = await retryTransient(() => this.engine.submit(tasks), { patienceMs: this.patienceMs });
    return answers.map((answer) => ({ answer, taken: false }));
  }

  /** Null where the database refused: what stood in the way may be the claim, which is no reason not to accept a task. */
  private async storeAndClaim(
    tasks: readonly string[],
    slots: KeptSlots,
  ): Promise<readonly StoredTask[] | null> {
    let stored;
    try {
      stored = await retryTransient(
        (repeated) => this.engine.submitAndClaim(tasks, slots.claimant, slots.wanted, repeated),
        { patienceMs: this.patienceMs },
      );
    } catch (error) {
      slots.unanswered();
      if (isTransient(error)) throw error;
      return null;
    }
    const { tasks: answers, claims } = stored;
    slots.claimed(claims);
    return answers.map((answer) => ({ answer, taken: claims.more === false }));
  }
}
