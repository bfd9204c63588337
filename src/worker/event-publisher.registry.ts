import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { RegisteredTemplate } from '../engine/index.js';
import { classesOf, isShared, metadataOf } from '../discovery/index.js';
import type { ProviderWrapper } from '../discovery/index.js';
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
      if (wrapper.isAlias) continue;
      for (const key of new Set(metadataOf(EVENT_PUBLISHER_KEY, classesOf(wrapper)))) {
        if (typeof key !== 'string') continue;
        publishers.set(key, [...(publishers.get(key) ?? []), publisherOf(wrapper, key)]);
      }
    }
    return publishers;
  }
}

/** @throws Error if the provider has no instance that lives as long as the application, or no `payload` method */
function publisherOf(wrapper: ProviderWrapper, key: string): DomainEventPublisherContract {
  const name = `${String(wrapper.name)}, which is to be @DomainEventPublisher('${key}'),`;
  if (!isShared(wrapper)) {
    throw new Error(`${name} is request-scoped or transient: it must live as long as the application`);
  }
  const instance: unknown = wrapper.instance;
  if (!isPublisher(instance)) throw new Error(`${name} has no method payload(publication): add one`);
  return instance;
}

function isPublisher(instance: unknown): instance is DomainEventPublisherContract & object {
  return (
    typeof instance === 'object' &&
    instance !== null &&
    'payload' in instance &&
    typeof instance.payload === 'function'
  );
}
