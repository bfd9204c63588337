import { mapOf } from './map.reader.js';
import { schema } from './schema.reader.js';
import {
  EVENT_CONDITIONS,
  EVENT_DELIVERY_MODES,
  type DomainEventTemplate,
  type PublishedEventTemplate,
  type StepTemplate,
} from './template.types.js';
import type { Cursor, Reader } from './value.cursor.js';
import { choice, text } from './value.readers.js';

const LONGEST_NAME = 255;

/** Subscribers match names by their dotted parts, so a name has no blanks and no wildcard. */
const eventName = text({
  expected: `an event name: letters, digits, "_", "-", ":" and ".", at most ${LONGEST_NAME} characters`,
  allows: (name) => name.length <= LONGEST_NAME && /^[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+)*$/.test(name),
});

const publisherKey = text({
  expected: "a publisher's key: 1 to 255 characters without control characters",
  allows: (key) => /^\P{Cc}{1,255}$/u.test(key),
});

/** An event that the template's steps may publish. */
export const domainEvent = mapOf((key): DomainEventTemplate => ({
  name: key.required('name', eventName),
  description: key.optional('description', text(), null),
  schema: key.optional('schema', schema, null),
}));

const publishedEventMap = mapOf((key): PublishedEventTemplate => ({
  name: key.required('name', eventName),
  description: key.optional('description', text(), null),
  condition: key.optional('condition', choice(...EVENT_CONDITIONS), 'success'),
  deliveryMode: key.optional('delivery_mode', choice(...EVENT_DELIVERY_MODES), 'durable'),
  schema: key.optional('schema', schema, null),
  publisher: key.optional('publisher', publisherKey, null),
}));

/** An event that a step publishes; a bare name stands for one with all the defaults. */
export const publishedEvent: Reader<PublishedEventTemplate> = (cursor) => {
  if (cursor.value.kind !== 'scalar') return publishedEventMap(cursor);
  return {
    name: eventName(cursor),
    description: null,
    condition: 'success',
    deliveryMode: 'durable',
    schema: null,
    publisher: null,
  };
};

/**
 * What is wrong between what the steps publish and what the template declares: with declarations, nothing else may be
 * published, and no event is declared twice.
 */
export function checkEvents(
  declared: readonly DomainEventTemplate[],
  declarations: Cursor,
  steps: readonly { readonly step: StepTemplate; readonly eventsCursor: Cursor }[],
): void {
  const names = new Set<string>();
  declared.forEach(({ name }, index) => {
    if (names.has(name))
      declarations.descend([index]).report(`the event ${JSON.stringify(name)} is declared twice`);
    names.add(name);
  });
  for (const { step, eventsCursor } of steps) reportRepeated(step, eventsCursor);
  if (names.size === 0) return;
  for (const { step, eventsCursor } of steps) {
    step.publishesEvents.forEach(({ name }, index) => {
      if (names.has(name) || eventsCursor.isLogFull) return;
      eventsCursor
        .descend([index])
        .report(`the event ${JSON.stringify(name)} is not declared in domain_events`);
    });
  }
}

function reportRepeated({ publishesEvents }: StepTemplate, eventsCursor: Cursor): void {
  const names = new Set<string>();
  publishesEvents.forEach(({ name }, index) => {
    if (names.has(name))
      eventsCursor.descend([index]).report(`the event ${JSON.stringify(name)} is published twice`);
    names.add(name);
  });
}
