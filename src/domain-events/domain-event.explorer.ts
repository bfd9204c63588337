import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { OwnContext } from '../context/index.js';
import { classesOf, isShared } from '../discovery/index.js';
import type { ProviderWrapper } from '../discovery/index.js';
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
    const found = this.discovery
      .getProviders()
      .flatMap((wrapper) => (wrapper.isAlias ? [] : this.subscriptionsOf(wrapper)));
    assertUniqueNames(found);
    return found;
  }

  private subscriptionsOf(wrapper: ProviderWrapper): readonly EventSubscription[] {
    const marked = this.markedMethods(wrapper);
    if (marked.length > 0 && !isShared(wrapper)) {
      throw new Error(
        `${String(wrapper.name)} is request-scoped or transient: @OnDomainEvent needs a provider that lives as long as the application`,
      );
    }
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) return [];
    // One that stands in for a subscriber hears what it has methods for.
    return marked
      .filter(({ method }) => typeof Reflect.get(instance, method) === 'function')
      .map(({ className, method, metadata }) =>
        subscription(instance, className, method, metadata, this.ownContext),
      );
  }

  /** A method that several classes of the provider mark counts once: its mark is the first one's, its name the last one's. */
  private markedMethods(wrapper: ProviderWrapper): readonly MarkedMethod[] {
    const marked = new Map<string, MarkedMethod>();
    for (const { name, prototype } of classesOf(wrapper)) {
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const member: unknown = Reflect.get(prototype, method);
        if (typeof member !== 'function') continue;
        const found: unknown = Reflect.getMetadata(DOMAIN_EVENT_SUBSCRIPTION, member);
        if (!isSubscription(found)) continue;
        const metadata = marked.get(method)?.metadata ?? found;
        marked.set(method, { className: name, method, metadata });
      }
    }
    return [...marked.values()];
  }
}

interface MarkedMethod {
  readonly className: string;
  readonly method: string;
  readonly metadata: FoundMetadata;
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
  className: string,
  method: string,
  { pattern, name, from }: FoundMetadata,
  ownContext: OwnContext,
): EventSubscription {
  const expression = patternExpression(pattern);
  const matcher = new RegExp(expression);
  return {
    name: typeof name === 'string' ? name : `${className}.${method}`,
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
