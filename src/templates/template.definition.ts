import type { JsonObject, JsonValue } from './json.types.js';
import type {
  EnvironmentOverrides,
  LifecycleTemplate,
  PublishedEventTemplate,
  RetryOverride,
  StepOverride,
  StepTemplate,
  TaskTemplate,
  TemplateMetadata,
} from './template.types.js';
import type { TemplateContent } from './template.reader.js';

/**
 * The template as plain JSON under the file format's own keys, for storage and for the API: `restoreTemplate` rebuilds the
 * template from it. Defaults are written out, so that a later release with other defaults runs it as this one does; what is
 * not given stays out, so that a key of a later release changes no hash of today. Store it of a template as loaded: one that
 * went through `applyEnvironment` has the overrides mixed in.
 */
export function templateDefinition(template: TaskTemplate | TemplateContent): JsonObject {
  return { ...hashedDefinition(template), ...given({ loaded_from: template.loadedFrom }) };
}

/** What the content hash covers: all but `loaded_from`, which tells where a file lay and not what is in it. */
export function hashedDefinition(template: TemplateContent): JsonObject {
  return given({
    namespace_name: template.namespace,
    name: template.name,
    version: template.version,
    description: template.description,
    metadata: unlessEmpty(metadataDefinition(template.metadata)),
    system_dependencies: unlessEmpty(
      given({
        primary: template.systemDependencies.primary,
        secondary: unlessNone(template.systemDependencies.secondary),
      }),
    ),
    task_handler: template.taskHandler === null ? null : given({ ...template.taskHandler }),
    domain_events: unlessNone(template.domainEvents.map((event) => given({ ...event }))),
    input_schema: template.inputSchema,
    identity_strategy: template.identityStrategy,
    steps: template.steps.map(stepDefinition),
    lifecycle: template.lifecycle === null ? null : lifecycleDefinition(template.lifecycle),
    environments: unlessEmpty(
      Object.fromEntries(
        Object.entries(template.environments).map(([name, overrides]) => [
          name,
          environmentDefinition(overrides),
        ]),
      ),
    ),
  });
}

function metadataDefinition(metadata: TemplateMetadata): JsonObject {
  return {
    ...given({
      author: metadata.author,
      tags: unlessNone(metadata.tags),
      documentation_url: metadata.documentationUrl,
      created_at: metadata.createdAt,
      updated_at: metadata.updatedAt,
      notes: metadata.notes,
    }),
    ...metadata.others,
  };
}

function stepDefinition(step: StepTemplate): JsonObject {
  return given({
    name: step.name,
    description: step.description,
    system_dependency: step.systemDependency,
    type: step.type,
    handler: given({
      callable: step.handler.callable,
      method: step.handler.method,
      resolver: step.handler.resolver,
      initialization: unlessEmpty(step.handler.initialization),
    }),
    dependencies: step.dependencies,
    retry: retryDefinition(step.retry),
    timeout_seconds: step.timeoutSeconds,
    publishes_events: unlessNone(step.publishesEvents.map(publishedEventDefinition)),
    result_schema: step.resultSchema,
  });
}

function publishedEventDefinition(event: PublishedEventTemplate): JsonObject {
  return given({
    name: event.name,
    description: event.description,
    condition: event.condition,
    delivery_mode: event.deliveryMode,
    schema: event.schema,
    publisher: event.publisher,
  });
}

function lifecycleDefinition(lifecycle: LifecycleTemplate): JsonObject {
  return given({
    max_duration_minutes: lifecycle.maxDurationMinutes,
    max_waiting_for_dependencies_minutes: lifecycle.maxWaitingForDependenciesMinutes,
    max_waiting_for_retry_minutes: lifecycle.maxWaitingForRetryMinutes,
    max_steps_in_process_minutes: lifecycle.maxStepsInProcessMinutes,
    staleness_action: lifecycle.stalenessAction,
    auto_fail_on_timeout: lifecycle.autoFailOnTimeout,
    auto_dlq_on_timeout: lifecycle.autoDlqOnTimeout,
  });
}

function retryDefinition(retry: RetryOverride): JsonObject {
  return given({
    retryable: retry.retryable,
    max_attempts: retry.maxAttempts,
    backoff: retry.backoff,
    backoff_base_ms: retry.backoffBaseMs,
    max_backoff_ms: retry.maxBackoffMs,
  });
}

function environmentDefinition(overrides: EnvironmentOverrides): JsonObject {
  const initialization = unlessEmpty(overrides.taskHandlerInitialization);
  return given({
    task_handler: initialization === null ? null : { initialization },
    steps: unlessNone(overrides.steps.map(stepOverrideDefinition)),
  });
}

function stepOverrideDefinition(override: StepOverride): JsonObject {
  const initialization = unlessEmpty(override.initialization);
  return given({
    name: override.name,
    handler: initialization === null ? null : { initialization },
    timeout_seconds: override.timeoutSeconds,
    retry: unlessEmpty(retryDefinition(override.retry)),
  });
}

function given(keys: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}

function unlessEmpty(map: JsonObject): JsonObject | null {
  return Object.keys(map).length === 0 ? null : map;
}

function unlessNone<T extends JsonValue>(items: readonly T[]): readonly T[] | null {
  return items.length === 0 ? null : items;
}
