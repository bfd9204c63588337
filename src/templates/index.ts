export { canonicalJson } from './content.hash.js';
export { applyEnvironment } from './environment.merger.js';
export {
  compileSchema,
  MOST_VIOLATIONS,
  type SchemaCheck,
  type SchemaViolation,
} from './json-schema.compiler.js';
export { isJsonObject } from './json.guards.js';
export type { JsonList, JsonObject, JsonSchema, JsonValue } from './json.types.js';
export { findCycle, topologicalOrder, type GraphStep } from './step-graph.order.js';
export { templateDefinition } from './template.definition.js';
export {
  formatProblem,
  SchemaError,
  TemplateConflictError,
  TemplateError,
  TemplateLoadError,
  type SchemaProblem,
  type TemplateProblem,
} from './template.errors.js';
export { templateIdentity } from './template.identity.js';
export { TemplateLoader } from './template.loader.js';
export { parseTemplate, restoreTemplate, type OnIgnoredKey } from './template.parser.js';
export { TemplateRegistry } from './template.registry.js';
export {
  ALL_STEPS,
  BACKOFFS,
  IDENTITY_STRATEGIES,
  type Backoff,
  type DomainEventTemplate,
  type EnvironmentOverrides,
  type EventCondition,
  type EventDeliveryMode,
  type IdentityStrategy,
  type LifecycleTemplate,
  type PublishedEventTemplate,
  type StalenessAction,
  type RetryOverride,
  type RetryPolicy,
  type StepHandlerReference,
  type StepOverride,
  type StepTemplate,
  type SystemDependencies,
  type TaskHandlerSettings,
  type TaskTemplate,
  type TemplateMetadata,
} from './template.types.js';
export { compareVersions } from './version.order.js';
