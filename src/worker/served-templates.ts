import { Injectable, Logger } from '@nestjs/common';
import { WorkerSettings } from '../config/index.js';
import { TaskerError, TemplateCatalog } from '../engine/index.js';
import type { ClaimedStep, RegisteredStep, RegisteredTemplate } from '../engine/index.js';
import { didYouMean } from '../spelling/index.js';
import type { TaskTemplate } from '../templates/index.js';
import { HandlerRegistry, HandlersMissingError } from './handler.registry.js';
import type { BoundHandler } from './handler.registry.js';

/** Everything that is needed to run a claimed step. */
export interface RunnableStep {
  readonly handler: BoundHandler;
  readonly template: TaskTemplate;
  readonly step: RegisteredStep;
}

/** `TASKER_NAMESPACES` names a namespace that no module of the application serves. */
export class UnknownNamespaceError extends TaskerError {
  readonly code = 'UNKNOWN_NAMESPACE';
}

/**
 * The templates that this process runs in full: each step has its handler. Only their steps are claimed, so nothing is
 * claimed that can't be run.
 */
@Injectable()
export class ServedTemplates {
  private readonly logger = new Logger(ServedTemplates.name);
  /** By template id and step name. */
  private readonly bound = new Map<number, ReadonlyMap<string, RunnableStep>>();
  private served: readonly string[] = [];

  constructor(
    private readonly catalog: TemplateCatalog,
    private readonly registry: HandlerRegistry,
    private readonly settings: WorkerSettings,
  ) {}

  /** The ids to claim. */
  get templateIds(): readonly number[] {
    return [...this.bound.keys()];
  }

  /** The namespaces that this process claims. */
  get namespaces(): readonly string[] {
    return this.served;
  }

  serves(templateId: number): boolean {
    return this.bound.has(templateId);
  }

  /**
   * Binds every template of the served namespaces to its handlers.
   *
   * @throws HandlersMissingError naming every step of a template file without exactly one handler; UnknownNamespaceError
   */
  bindFiles(): void {
    this.served = this.servedNamespaces();
    const problems: string[] = [];
    for (const registered of this.catalog.list()) {
      const { namespace } = registered.template;
      if (!this.served.includes(namespace)) {
        this.logger.warn(
          `No module serves namespace "${namespace}"${didYouMean(namespace, this.served)}: tasks of ${registered.template.file} wait until one does`,
        );
        continue;
      }
      const binding = this.registry.bind(registered);
      if ('problems' in binding) problems.push(...binding.problems);
      else this.bound.set(registered.templateId, runnableSteps(registered, binding.handlers));
    }
    const templates = this.catalog.list().map(({ template }) => template);
    for (const advice of this.registry.unserved(templates)) this.logger.warn(advice);
    if (problems.length > 0) throw new HandlersMissingError(problems, this.registry.handlers());
  }

  /** Adds stored templates that unfinished tasks still run under, where every step has its handler. */
  bindRestored(templates: readonly RegisteredTemplate[]): void {
    for (const registered of templates) {
      const { namespace, name, version } = registered.template;
      if (!this.served.includes(namespace)) continue;
      const binding = this.registry.bind(registered);
      if ('handlers' in binding) {
        this.bound.set(registered.templateId, runnableSteps(registered, binding.handlers));
      } else {
        this.logger.warn(
          `Unfinished tasks of ${namespace}/${name}/${version} wait: ${binding.problems.join('; ')}`,
        );
      }
    }
  }

  /** What runs a claimed step; null where a step is not in its template (a newer release added it). */
  find(claim: ClaimedStep): RunnableStep | null {
    return this.bound.get(claim.templateId)?.get(claim.name) ?? null;
  }

  private servedNamespaces(): readonly string[] {
    const provided = this.registry.namespaces();
    const wanted = this.settings.namespaces ?? provided;
    const unknown = wanted.filter((namespace) => !provided.includes(namespace));
    if (unknown.length > 0) {
      throw new UnknownNamespaceError(
        `TASKER_NAMESPACES names ${unknown.join(', ')}, which no module serves; modules serve: ${provided.join(', ') || 'none'}`,
      );
    }
    return wanted;
  }
}

function runnableSteps(
  { template, steps }: RegisteredTemplate,
  handlers: ReadonlyMap<string, BoundHandler>,
): ReadonlyMap<string, RunnableStep> {
  const runnable = new Map<string, RunnableStep>();
  for (const [name, step] of steps) {
    const handler = handlers.get(name);
    if (handler !== undefined) runnable.set(name, { handler, template, step });
  }
  return runnable;
}
