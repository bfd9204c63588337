import { Injectable, Logger } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { EventSubscription } from './domain-event.explorer.js';
import type { DomainEvent } from './domain-event.types.js';

/** What has happened to events in this process. */
export interface EventStatistics {
  readonly durablePublished: number;
  readonly fastPublished: number;
  readonly durableDelivered: number;
  readonly fastDelivered: number;
  readonly durableErrors: number;
  readonly fastErrors: number;
}

/** Hands events on within this process: fast ones to their subscribers, news of durable ones to who serves those. */
@Injectable()
export class DomainEventBus {
  /** Durable events were stored, here or by another process. */
  readonly stored = new Subject<void>();

  private readonly logger = new Logger(DomainEventBus.name);
  private subscriptions: readonly EventSubscription[] = [];
  private readonly counts = {
    durablePublished: 0,
    fastPublished: 0,
    durableDelivered: 0,
    fastDelivered: 0,
    durableErrors: 0,
    fastErrors: 0,
  };

  setSubscriptions(subscriptions: readonly EventSubscription[]): void {
    this.subscriptions = subscriptions;
  }

  get subscriberCount(): number {
    return this.subscriptions.length;
  }

  statistics(): EventStatistics {
    return { ...this.counts };
  }

  /** This many durable events have been committed. */
  publishStored(count: number): void {
    this.counts.durablePublished += count;
    this.stored.next();
  }

  /** Delivers in the background; what a subscriber throws is logged, and the event is not delivered to it again. */
  publishFast(event: DomainEvent): void {
    this.counts.fastPublished += 1;
    for (const subscription of this.subscriptions) {
      if (subscription.matches(event.name)) void this.deliverFast(subscription, event);
    }
  }

  countDurable(outcome: 'delivered' | 'failed'): void {
    if (outcome === 'delivered') this.counts.durableDelivered += 1;
    else this.counts.durableErrors += 1;
  }

  private async deliverFast(subscription: EventSubscription, event: DomainEvent): Promise<void> {
    try {
      await subscription.deliver(event);
      this.counts.fastDelivered += 1;
    } catch (error) {
      this.counts.fastErrors += 1;
      this.logger.error(
        `Subscription ${subscription.name} failed on ${event.name} (${event.id}), which is fast and gone: ${String(error)}`,
      );
    }
  }
}
