import { SetMetadata } from '@nestjs/common';
import { acrossCopies } from '../copies/index.js';

export const DOMAIN_EVENT_SUBSCRIPTION = acrossCopies('domain-event-subscription');

export interface SubscriptionOptions {
  /**
   * What the subscription's place in the outbox is kept under; `Class.method` where left out. Give one before renaming
   * either: a new name is a new subscription.
   */
  readonly name?: string;
  /** Where a new subscription begins: with what is published from then on, or with the oldest event that is kept. */
  readonly from?: 'now' | 'beginning';
}

export interface SubscriptionMetadata extends SubscriptionOptions {
  readonly pattern: string;
}

/**
 * Calls a method of a provider with each event whose name matches: `order.paid` matches itself, `order.*` one more part,
 * `order.**` one or more, `**` every event.
 *
 * Durable events are delivered at least once and in order per task, by one process at a time; if the method throws, the
 * same event comes again after a while, and those behind it wait. Fast events are delivered in the process that ran the
 * step, at most once. A broadcast event comes on both ways, with the same `id`.
 */
export function OnDomainEvent(pattern: string, options: SubscriptionOptions = {}): MethodDecorator {
  return SetMetadata(DOMAIN_EVENT_SUBSCRIPTION, { ...options, pattern } satisfies SubscriptionMetadata);
}
