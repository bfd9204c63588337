import { SetMetadata } from '@nestjs/common';
import { acrossCopies } from '../copies/index.js';
import type { JsonValue } from '../engine/index.js';
import type { EventCondition } from '../templates/index.js';

export const EVENT_PUBLISHER_KEY = acrossCopies('event-publisher-key');

/** What a publisher is told of the step that ends. */
export interface EventPublication {
  readonly eventName: string;
  /** How the step ended. */
  readonly outcome: Exclude<EventCondition, 'failure' | 'always'>;
  readonly namespace: string;
  readonly templateName: string;
  readonly templateVersion: string;
  readonly stepName: string;
  readonly taskUuid: string;
  readonly correlationId: string;
  readonly attempt: number;
  readonly context: JsonValue;
  /** The step's result, or null where it failed. */
  readonly result: JsonValue;
  /** The step's error, or null where it succeeded. */
  readonly error: { readonly message: string; readonly code: string; readonly type: string } | null;
}

/** Makes the payload of an event, where the step's result is not what subscribers should get. */
export interface DomainEventPublisherContract {
  /** The payload; undefined where the event is not to be published this time. What it throws fails the step. */
  payload(publication: EventPublication): JsonValue | undefined;
}

/** Marks a provider as the publisher that templates name in `publishes_events[].publisher`. */
export function DomainEventPublisher(key: string): ClassDecorator {
  return SetMetadata(EVENT_PUBLISHER_KEY, key);
}
