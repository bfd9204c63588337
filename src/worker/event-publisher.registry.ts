import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { RegisteredTemplate } from '../engine/index.js';
import { EVENT_PUBLISHER_KEY } from './domain-event.publisher.js';
import type { DomainEventPublisherContract } from './domain-event.publisher.js';

/** The providers under `@DomainEventPublisher`, by key. */
@Injectable()
export class EventPublisherRegistry {
  private found: ReadonlyMap<string, readonly DomainEventPublisherContract[]> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  find(key: string): DomainEventPublisherContract | undefined {
    return this.publishers().get(key)?.[0];
  }

  /** A message for each publisher that the template names and that is not there exactly once. */
  problemsOf({ template }: RegisteredTemplate): readonly string[] {
    return template.steps.flatMap((step) =>
      step.publishesEvents.flatMap(({ name, publisher }) => {
        const count = publisher === null ? 1 : (this.publishers().get(publisher)?.length ?? 0);
        if (count === 1) return [];
        const found = count === 0 ? 'no provider has' : `${count} providers have`;
        return [
          `${template.file} step "${step.name}": ${found} @DomainEventPublisher('${publisher}'), which publishes "${name}"`,
        ];
      }),
    );
  }

  private publishers(): ReadonlyMap<string, readonly DomainEventPublisherContract[]> {
    this.found ??= this.explore();
    return this.found;
  }

  private explore(): ReadonlyMap<string, readonly DomainEventPublisherContract[]> {
    const publishers = new Map<string, DomainEventPublisherContract[]>();
    for (const wrapper of this.discovery.getProviders()) {
      const instance: unknown = wrapper.instance;
      if (wrapper.isAlias || !isPublisher(instance)) continue;
      const key: unknown = Reflect.getMetadata(EVENT_PUBLISHER_KEY, instance.constructor);
      if (typeof key === 'string') publishers.set(key, [...(publishers.get(key) ?? []), instance]);
    }
    return publishers;
  }
}

function isPublisher(instance: unknown): instance is DomainEventPublisherContract & object {
  return (
    typeof instance === 'object' &&
    instance !== null &&
    'payload' in instance &&
    typeof instance.payload === 'function'
  );
}
