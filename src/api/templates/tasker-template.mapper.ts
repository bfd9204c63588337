import type { JsonObject } from '../../engine/index.js';
import { templateDefinition } from '../../templates/index.js';
import type { PublishedEventTemplate, StepTemplate, TaskTemplate } from '../../templates/index.js';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The template as Tasker's workers answer it: the definition, except for the places in which Tasker's clients are stricter. An
 * event has a description and a schema, and a time in `metadata` that is not RFC 3339 is left out.
 */
export function toTaskerTemplate(template: TaskTemplate): JsonObject {
  const { metadata, steps, domainEvents } = template;
  const schemas = new Map(domainEvents.map(({ name, schema }) => [name, schema]));
  const whole = (event: PublishedEventTemplate): PublishedEventTemplate => ({
    ...event,
    description: event.description ?? '',
    schema: event.schema ?? schemas.get(event.name) ?? {},
  });
  const withWholeEvents = (step: StepTemplate): StepTemplate => ({
    ...step,
    publishesEvents: step.publishesEvents.map(whole),
  });
  return templateDefinition({
    ...template,
    metadata: {
      ...metadata,
      createdAt: timeOf(metadata.createdAt),
      updatedAt: timeOf(metadata.updatedAt),
    },
    steps: steps.map(withWholeEvents),
  });
}

function timeOf(text: string | null): string | null {
  return text !== null && RFC_3339.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}
