export { DomainEventBus } from './domain-event.bus.js';
export type { EventStatistics } from './domain-event.bus.js';
export { DomainEventExplorer } from './domain-event.explorer.js';
export { DomainEventStore } from './domain-event.store.js';
export { domainEventId } from './domain-event.types.js';
export type { DomainEvent, EventDelivery } from './domain-event.types.js';
export { EventSubscriptionServer } from './event-subscription.server.js';
export { OnDomainEvent } from './on-domain-event.decorator.js';
export type { SubscriptionOptions } from './on-domain-event.decorator.js';
