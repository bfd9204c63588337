import type { RegisteredTemplate } from '../../engine/index.js';
import { templateDefinition, type TaskTemplate } from '../../templates/index.js';
import { zoned } from '../timestamp.format.js';
import { toTaskerTemplate } from './tasker-template.mapper.js';
import type { TemplateListResponse, TemplateResponse, TemplateSummary } from './template.responses.js';

/** What is known of a template in addition to its content: see `TemplateResponse`. */
interface TemplateOrigin {
  /** The template as it was loaded. */
  readonly definition: TemplateResponse['definition'];
  readonly environment: string;
  readonly registeredAt: Date;
  readonly cached: boolean;
}

/** What steps of this engine can be, and do. */
export const CAPABILITIES = ['standard_steps', 'domain_events'] as const;
type Capability = (typeof CAPABILITIES)[number];

export function toTemplateList(
  known: readonly TaskTemplate[],
  namespace: string | undefined,
  supportedNamespaces: readonly string[],
): TemplateListResponse {
  const listed = known.filter((template) => namespace === undefined || template.namespace === namespace);
  const names = [...new Set(listed.map((template) => template.namespace))].toSorted();
  return {
    namespaces: names.map((name) => ({
      name,
      description: null,
      template_count: listed.filter((template) => template.namespace === name).length,
    })),
    templates: listed.map(toTemplateSummary),
    total_count: listed.length,
    supported_namespaces: supportedNamespaces,
    template_count: known.length,
    worker_capabilities: CAPABILITIES,
  };
}

function toTemplateSummary({ namespace, name, version, description, steps }: TaskTemplate): TemplateSummary {
  return { namespace, name, version, description, step_count: steps.length };
}

/** The registered template has the environment's overrides in effect. */
export function toTemplateResponse(
  { template }: RegisteredTemplate,
  { definition, environment, registeredAt, cached }: TemplateOrigin,
): TemplateResponse {
  const { namespace, name, version, description } = template;
  return {
    namespace,
    name,
    version,
    description,
    configuration: templateDefinition(template),
    steps: template.steps.map((step) => ({
      name: step.name,
      description: step.description,
      default_retryable: step.retry.retryable,
      default_max_attempts: Math.max(step.retry.maxAttempts, 1),
    })),
    template: { template: toTaskerTemplate(template), environment, resolved_at: zoned(new Date()) },
    definition,
    cached,
    handler_metadata: {
      handler_class: template.taskHandler?.callable ?? '',
      name,
      namespace,
      version,
      registered_at: zoned(registeredAt),
    },
  };
}

export function requiredCapabilities({ steps }: TaskTemplate): readonly Capability[] {
  return steps.some((step) => step.publishesEvents.length > 0) ? CAPABILITIES : ['standard_steps'];
}

export function stepHandlersOf({ steps }: TaskTemplate): readonly string[] {
  return [...new Set(steps.map((step) => step.handler.callable))];
}
