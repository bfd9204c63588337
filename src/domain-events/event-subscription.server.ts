import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { OwnContext } from '../context/index.js';
import { DomainEventBus } from './domain-event.bus.js';
import { DomainEventExplorer } from './domain-event.explorer.js';
import type { EventSubscription } from './domain-event.explorer.js';
import { DomainEventStore } from './domain-event.store.js';
import type { EventBatch } from './domain-event.store.js';

const LEASE_SECONDS = 30;
const SCAN = 500;
/** How often the outbox is looked at without being told. */
const POLL_MS = 5_000;
const SHORTEST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 60_000;
/** While the database is away there is nothing to spare by waiting longer. */
const OUTAGE_RETRY_MS = 1_000;
/** A subscriber that takes longer counts as one that failed: the event comes again. */
const DELIVERY_TIMEOUT_MS = 60_000;
/** How long a stop waits for the event that is being handled. */
const STOP_PATIENCE_MS = 5_000;

/**
 * Serves the durable subscriptions of this process: each by itself, one event after the other. Which process serves a
 * subscription is settled by a lease on its row; the others look every few seconds whether it has become free.
 *
 * Its life: `prepare`, `start`, then `stopTaking`, `stopServing` and `stop`, each of which may be left out or called again. After
 * `stopTaking` no event is delivered, and none that fails is counted.
 */
@Injectable()
export class EventSubscriptionServer {
  private readonly logger = new Logger(EventSubscriptionServer.name);
  private readonly owner = randomUUID();
  private subscriptions: readonly EventSubscription[] = [];
  private loops: SubscriptionLoop[] = [];
  private news: Subscription | undefined;

  constructor(
    private readonly explorer: DomainEventExplorer,
    private readonly store: DomainEventStore,
    private readonly bus: DomainEventBus,
  ) {}

  /**
   * Finds the subscriptions, and gives each its place in the outbox.
   *
   * @throws Error where one can't be served, see `DomainEventExplorer.explore`; the database's error
   */
  async prepare(): Promise<void> {
    this.subscriptions = this.explorer.explore();
    for (const { name, fromBeginning } of this.subscriptions) await this.store.register(name, fromBeginning);
  }

  start(): void {
    if (this.news !== undefined) return;
    this.bus.setSubscriptions(this.subscriptions);
    this.loops = this.subscriptions.map(
      (subscription) => new SubscriptionLoop(subscription, this.owner, this.store, this.bus, this.logger),
    );
    this.news = this.bus.stored.subscribe(() => {
      for (const loop of this.loops) loop.wake();
    });
    for (const loop of this.loops) loop.wake();
  }

  /** No further event is taken from the outbox; the one that is being handled may end. */
  stopTaking(): void {
    this.news?.unsubscribe();
    this.news = undefined;
    for (const loop of this.loops) loop.stopTaking();
  }

  /** As `stopTaking`; resolves when other processes may serve the subscriptions. Fast events still come. */
  async stopServing(): Promise<void> {
    this.stopTaking();
    const { loops } = this;
    this.loops = [];
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  /** As `stopServing`, and no fast event comes any more. */
  async stop(): Promise<void> {
    await this.stopServing();
    this.bus.setSubscriptions([]);
  }
}

/** One subscription: reads a batch, hands its events over, says how far it got, and sleeps when there are no more. */
class SubscriptionLoop {
  private stopped = false;
  private wanted = false;
  private failures = 0;
  /** Until when the lease is good, by this process's own clock: past it another process may serve the subscription. */
  private heldUntil = 0;
  private position = '';
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private readonly givingUp = new AbortController();
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly subscription: EventSubscription,
    private readonly owner: string,
    private readonly store: DomainEventStore,
    private readonly bus: DomainEventBus,
    private readonly logger: Logger,
  ) {}

  wake(): void {
    this.wanted = true;
    // While an event is being retried, news of others does not make it come any sooner.
    if (this.running === undefined && this.failures === 0 && !this.stopped) this.run();
  }

  stopTaking(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  async stop(): Promise<void> {
    this.stopTaking();
    await settledWithin(this.running, STOP_PATIENCE_MS);
    this.givingUp.abort();
    await this.store.release(this.subscription.name, this.owner).catch((error: unknown) => this.warn(error));
  }

  private run(): void {
    clearTimeout(this.timer);
    this.running = this.ownContext.run(() => this.serveThenSleep());
  }

  private async serveThenSleep(): Promise<void> {
    const wait = await this.serve();
    this.running = undefined;
    if (!this.stopped) this.timer = setTimeout(() => this.run(), wait);
  }

  /** Serves what there is; answers how long to sleep then. Never rejects. */
  private async serve(): Promise<number> {
    try {
      do {
        this.wanted = false;
        if (!(await this.serveBatch())) return this.retryDelay();
      } while (this.wanted && !this.stopped);
      this.failures = 0;
      return POLL_MS;
    } catch (error) {
      this.warn(error);
      return OUTAGE_RETRY_MS;
    }
  }

  /** False where an event could not be handled. */
  private async serveBatch(): Promise<boolean> {
    const { name, expression } = this.subscription;
    const asked = performance.now();
    const batch = await this.store.read(name, this.owner, LEASE_SECONDS, expression, SCAN);
    if (batch === null) return true;
    this.heldUntil = asked + LEASE_SECONDS * 1000;
    const keepLease = setInterval(() => void this.renew(), (LEASE_SECONDS * 1000) / 3);
    try {
      return await this.deliver(batch);
    } finally {
      clearInterval(keepLease);
    }
  }

  private async deliver({ events, upTo }: EventBatch): Promise<boolean> {
    const { name } = this.subscription;
    let told = performance.now();
    for (const { event, position } of events) {
      if (this.stopped || performance.now() >= this.heldUntil) return true;
      try {
        await within(this.subscription.deliver(event), DELIVERY_TIMEOUT_MS, this.givingUp.signal);
      } catch (error) {
        // It comes again where the subscription is served next; what the subscriber needs may be gone by now.
        if (this.stopped) {
          this.leave(event.name, event.id, error);
          return true;
        }
        await this.refuse(event.name, event.id, position, error);
        return false;
      }
      this.bus.countDurable('delivered');
      this.failures = 0;
      // Told after slow events, so that little is repeated if the process dies.
      if (performance.now() - told > 100) {
        if (!(await this.store.advance(name, this.owner, position, null))) return true;
        told = performance.now();
      }
    }
    const held = await this.store.advance(name, this.owner, upTo, null);
    // Something was looked at, so there may be more behind it.
    if (held && upTo !== this.position) this.wanted = true;
    this.position = upTo;
    return true;
  }

  private async renew(): Promise<void> {
    const asked = performance.now();
    try {
      const held = await this.store.renew(this.subscription.name, this.owner, LEASE_SECONDS);
      this.heldUntil = held ? asked + LEASE_SECONDS * 1000 : 0;
    } catch (error) {
      this.warn(error);
    }
  }

  private async refuse(eventName: string, id: string, position: string, error: unknown): Promise<void> {
    this.failures += 1;
    this.bus.countDurable('failed');
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(
      `Subscription ${this.subscription.name} failed on ${eventName} (${id}), trying again: ${reason}`,
    );
    const before = (BigInt(position) - 1n).toString();
    await this.store.advance(this.subscription.name, this.owner, before, reason);
  }

  private leave(eventName: string, id: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(
      `Subscription ${this.subscription.name} did not end on ${eventName} (${id}) while the service stops; the event comes again: ${reason}`,
    );
  }

  private retryDelay(): number {
    return Math.min(SHORTEST_RETRY_MS * 2 ** Math.min(this.failures, 16), LONGEST_RETRY_MS);
  }

  private warn(error: unknown): void {
    this.logger.warn(
      `Subscription ${this.subscription.name} could not be served, trying again: ${String(error)}`,
    );
  }
}

/** Rejects where the promise takes longer, or is given up; what it comes to then is nobody's concern any more. */
async function within(promise: Promise<void>, milliseconds: number, givingUp?: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const tooLong = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it did not settle within ${milliseconds} ms`)),
      milliseconds,
    );
    const once = { once: true, signal: settled.signal };
    givingUp?.addEventListener('abort', () => reject(new Error('it was given up')), once);
    settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
  try {
    await Promise.race([promise, tooLong]);
  } finally {
    settled.abort();
  }
}

async function settledWithin(promise: Promise<void> | undefined, milliseconds: number): Promise<void> {
  if (promise !== undefined) await within(promise, milliseconds).catch(() => undefined);
}
