import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { OwnContext } from '../context/index.js';
import type { DomainEvent } from './domain-event.types.js';
import { patternExpression } from './event-pattern.js';
import { DOMAIN_EVENT_SUBSCRIPTION } from './on-domain-event.decorator.js';

/** A subscription's place is kept under its name, which stands in an index. */
const LONGEST_NAME = 255;

/** A method under `@OnDomainEvent`. */
export interface EventSubscription {
  readonly name: string;
  /** A regular expression for the names of its events. */
  readonly expression: string;
  readonly fromBeginning: boolean;
  matches(eventName: string): boolean;
  /** Calls the method in the async context in which the application was built. */
  deliver(event: DomainEvent): Promise<void>;
}

/** Finds the subscriptions in every module of the application. */
@Injectable()
export class DomainEventExplorer {
  private readonly ownContext = new OwnContext();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /**
   * @throws Error where two subscriptions have the same name, a name is too long to be kept, or one is on a provider that has no instance of its own
   */
  explore(): readonly EventSubscription[] {
    const found = this.discovery.getProviders().flatMap((wrapper) => {
      const instance: unknown = wrapper.instance;
      if (wrapper.isAlias || typeof instance !== 'object' || instance === null) return [];
      const subscriptions = this.subscriptionsOf(instance);
      if (subscriptions.length > 0 && !wrapper.isDependencyTreeStatic()) {
        throw new Error(
          `${instance.constructor.name} is request-scoped: @OnDomainEvent needs a provider that lives as long as the application`,
        );
      }
      return subscriptions;
    });
    assertUniqueNames(found);
    return found;
  }

  private subscriptionsOf(instance: object): readonly EventSubscription[] {
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      const member: unknown = Reflect.get(prototype, method);
      if (typeof member !== 'function') return [];
      const metadata: unknown = Reflect.getMetadata(DOMAIN_EVENT_SUBSCRIPTION, member);
      return isSubscription(metadata) ? [subscription(instance, method, metadata, this.ownContext)] : [];
    });
  }
}

interface FoundMetadata {
  readonly pattern: string;
  readonly name?: unknown;
  readonly from?: unknown;
}

function isSubscription(metadata: unknown): metadata is FoundMetadata {
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    'pattern' in metadata &&
    typeof metadata.pattern === 'string'
  );
}

function subscription(
  instance: object,
  method: string,
  { pattern, name, from }: FoundMetadata,
  ownContext: OwnContext,
): EventSubscription {
  const expression = patternExpression(pattern);
  const matcher = new RegExp(expression);
  return {
    name: typeof name === 'string' ? name : `${instance.constructor.name}.${method}`,
    expression,
    fromBeginning: from === 'beginning',
    matches: (eventName) => matcher.test(eventName),
    deliver: async (event) => {
      const member: unknown = Reflect.get(instance, method);
      if (typeof member !== 'function') return;
      await ownContext.run((): unknown => Reflect.apply(member, instance, [event]));
    },
  };
}

function assertUniqueNames(subscriptions: readonly EventSubscription[]): void {
  const names = new Set<string>();
  for (const { name } of subscriptions) {
    if (names.has(name)) {
      throw new Error(
        `Two subscriptions are called "${name}": give one of them a name, @OnDomainEvent(…, { name })`,
      );
    }
    if (name.length > LONGEST_NAME || !/^\P{Cc}+$/u.test(name)) {
      throw new Error(
        `A subscription is called ${JSON.stringify(name.slice(0, LONGEST_NAME))}: a name has 1 to ${LONGEST_NAME} characters and no control characters, @OnDomainEvent(…, { name })`,
      );
    }
    names.add(name);
  }
}
