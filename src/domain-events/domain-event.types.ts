import type { JsonValue } from '../engine/index.js';

/** How an event reached its subscriber. */
export type EventDelivery = 'durable' | 'fast';

/** An event as subscribers get it. */
export interface DomainEvent<Payload = JsonValue> {
  /** The same however often and on whichever way the event is delivered: use it to recognise a repeat. */
  readonly id: string;
  readonly name: string;
  readonly delivery: EventDelivery;
  readonly payload: Payload;
  readonly namespace: string;
  readonly templateName: string;
  readonly templateVersion: string;
  readonly taskUuid: string;
  readonly stepUuid: string;
  readonly stepName: string;
  /** The attempt that published it. */
  readonly attempt: number;
  readonly correlationId: string;
  readonly publishedAt: Date;
}

/** The id of an event: an attempt publishes each of its events once, and its token is never used again. */
export function domainEventId(attemptToken: string, name: string): string {
  return `${attemptToken}:${name}`;
}
