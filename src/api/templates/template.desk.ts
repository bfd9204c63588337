import { Injectable } from '@nestjs/common';

import { ServiceSettings } from '../../config/index.js';
import { type RegisteredTemplate, TemplateCatalog } from '../../engine/index.js';
import { templateDefinition, TemplateRegistry } from '../../templates/index.js';
import { HandlerRegistry, ServedTemplates } from '../../worker/index.js';
import {
  requiredCapabilities,
  stepHandlersOf,
  toTemplateList,
  toTemplateResponse,
} from './template-response.mapper.js';
import type {
  TemplateListResponse,
  TemplateResponse,
  TemplateValidationResponse,
} from './template.responses.js';

/** Knows the templates of files, and those that only unfinished tasks keep alive. */
@Injectable()
export class TemplateDesk {
  constructor(
    private readonly catalog: TemplateCatalog,
    private readonly files: TemplateRegistry,
    private readonly served: ServedTemplates,
    private readonly handlers: HandlerRegistry,
    private readonly service: ServiceSettings,
  ) {}

  async list(namespace: string | undefined): Promise<TemplateListResponse> {
    const known = [...this.catalog.listFiles(), ...(await this.catalog.listPinned())];
    return toTemplateList(
      known.map(({ template }) => template),
      namespace,
      this.served.namespaces,
    );
  }

  /** Rejects with `TemplateNotFoundError`. */
  async read(namespace: string, name: string, version: string): Promise<TemplateResponse> {
    const registered = await this.find(namespace, name, version);
    const ofFile = this.files.find(namespace, name, version);
    return toTemplateResponse(registered, {
      definition: templateDefinition(ofFile ?? registered.template),
      environment: this.service.environment,
      registeredAt: await this.catalog.registeredAt(registered),
      cached: ofFile !== undefined,
    });
  }

  /** Whether every step finds its handler here. Rejects with `TemplateNotFoundError`. */
  async validate(namespace: string, name: string, version: string): Promise<TemplateValidationResponse> {
    const registered = await this.find(namespace, name, version);
    const errors = this.problemsOf(registered);
    return {
      valid: errors.length === 0,
      errors,
      required_capabilities: requiredCapabilities(registered.template),
      step_handlers: stepHandlersOf(registered.template),
    };
  }

  private async find(namespace: string, name: string, version: string): Promise<RegisteredTemplate> {
    const found =
      this.catalog.find(namespace, name, version) ??
      (await this.catalog.findPinned(namespace, name, version));
    if (found === undefined) throw this.catalog.notFound(namespace, name, version);
    return found;
  }

  private problemsOf(registered: RegisteredTemplate): readonly string[] {
    // It was checked when it was loaded; who serves the API only has no handlers to hold it against.
    if (this.service.role === 'api') return [];
    const { namespace } = registered.template;
    if (!this.served.namespaces.includes(namespace))
      return [`No module serves namespace "${namespace}" here`];
    const binding = this.handlers.bind(registered);
    return 'problems' in binding ? binding.problems : [];
  }
}
