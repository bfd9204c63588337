import { Injectable } from '@nestjs/common';
import { TaskerError } from '../engine/index.js';
import type { RegisteredTemplate } from '../engine/index.js';
import type { StepTemplate, TaskTemplate } from '../templates/index.js';
import { EventPublisherRegistry } from './event-publisher.registry.js';
import { HandlerExplorer } from './handler.explorer.js';
import type { DiscoveredHandler } from './handler.explorer.js';
import type { TaskSequenceStep } from './task-sequence-step.js';

/** The handler of one step of one template. */
export interface BoundHandler {
  readonly className: string;
  call(step: TaskSequenceStep): unknown;
}

/** The handlers of all steps of a template by step name, or what keeps them from being found. */
export type TemplateBinding =
  { readonly handlers: ReadonlyMap<string, BoundHandler> } | { readonly problems: readonly string[] };

/** Steps without exactly one handler; the message lists all of them, and what handlers there are. */
export class HandlersMissingError extends TaskerError {
  readonly code = 'HANDLERS_MISSING';

  constructor(problems: readonly string[], found: readonly DiscoveredHandler[]) {
    const providers = found.map(
      (handler) =>
        `  ${handler.className} in ${handler.moduleName} [${handler.namespaces.join(', ') || 'no namespace'}]: ${handler.keys.join(', ')}`,
    );
    super(
      [
        'Every step of every served template needs exactly one handler:',
        ...problems.map((problem) => `  ${problem}`),
        providers.length === 0 ? 'No provider has @StepHandler(…).' : 'Handlers found:',
        ...providers,
        'Add a provider with @StepHandler("<step name or callable>") to a module that imports TaskerModule.forFeature({ namespace }).',
      ].join('\n'),
    );
  }
}

/** Decides which handler runs which step. */
@Injectable()
export class HandlerRegistry {
  private found: readonly DiscoveredHandler[] | undefined;

  constructor(
    private readonly explorer: HandlerExplorer,
    private readonly publishers: EventPublisherRegistry,
  ) {}

  /** Every handler of the application. */
  handlers(): readonly DiscoveredHandler[] {
    this.found ??= this.explorer.explore();
    return this.found;
  }

  /** The namespaces that some module of this application serves. */
  namespaces(): readonly string[] {
    return this.explorer.namespaces();
  }

  bind(registered: RegisteredTemplate): TemplateBinding {
    const { template } = registered;
    const handlers = new Map<string, BoundHandler>();
    const problems: string[] = [...this.publishers.problemsOf(registered)];
    for (const step of template.steps) {
      const candidates = this.candidates(template.namespace, step);
      const problem = problemOf(step, candidates);
      const [handler] = candidates;
      if (problem !== null) problems.push(`${template.file} step "${step.name}": ${problem}`);
      else if (handler !== undefined) handlers.set(step.name, boundTo(handler, step.handler.method));
    }
    return problems.length > 0 ? { problems } : { handlers };
  }

  /**
   * Modules with handlers that nothing runs, because they import no `TaskerModule.forFeature` and no template names their
   * callables, each with what is to be done about it.
   */
  unserved(templates: readonly TaskTemplate[]): readonly string[] {
    const provided = this.namespaces();
    const used = new Set(
      templates
        .filter(({ namespace }) => provided.includes(namespace))
        .flatMap(({ namespace, steps }) => steps.flatMap((step) => this.candidates(namespace, step))),
    );
    const idle = new Map<string, DiscoveredHandler[]>();
    for (const handler of this.handlers()) {
      if (handler.namespaces.length > 0 || used.has(handler)) continue;
      idle.set(handler.moduleName, [...(idle.get(handler.moduleName) ?? []), handler]);
    }
    return [...idle].map(([moduleName, handlers]) => adviceFor(moduleName, handlers, templates));
  }

  /** The callable within the namespace; else the step's name within the namespace; else the callable anywhere. */
  private candidates(
    namespace: string,
    { name, handler: { callable } }: StepTemplate,
  ): readonly DiscoveredHandler[] {
    const all = this.handlers();
    const own = all.filter((handler) => handler.namespaces.includes(namespace));
    const byCallable = own.filter((handler) => handler.keys.includes(callable));
    if (byCallable.length > 0) return byCallable;
    const byName = own.filter((handler) => handler.keys.includes(name));
    return byName.length > 0 ? byName : all.filter((handler) => handler.keys.includes(callable));
  }
}

function problemOf(step: StepTemplate, candidates: readonly DiscoveredHandler[]): string | null {
  const [handler] = candidates;
  const { callable, method } = step.handler;
  if (handler === undefined) {
    const keys = callable === step.name ? `"${callable}"` : `its callable "${callable}" or its name`;
    return `no handler under ${keys}`;
  }
  if (candidates.length > 1) {
    return `${candidates.length} handlers: ${candidates.map((one) => `${one.className} in ${one.moduleName}`).join(', ')}`;
  }
  return handler.hasMethod(method) ? null : `${handler.className} has no method "${method}"`;
}

/** Names the namespace whose steps the handlers would run, if there is one. */
function adviceFor(
  moduleName: string,
  handlers: readonly DiscoveredHandler[],
  templates: readonly TaskTemplate[],
): string {
  const keys = new Set(handlers.flatMap((handler) => handler.keys));
  const fitting = templates.find(({ steps }) =>
    steps.some(({ name, handler }) => keys.has(name) || keys.has(handler.callable)),
  );
  const namespace = fitting === undefined ? '"…"' : `"${fitting.namespace}"`;
  return (
    `Nothing runs the step handlers of module ${moduleName} (${handlers.map(({ className }) => className).join(', ')}): ` +
    `it does not say which namespace they belong to. Add TaskerModule.forFeature({ namespace: ${namespace} }) to its imports`
  );
}

function boundTo(handler: DiscoveredHandler, method: string): BoundHandler {
  return { className: handler.className, call: (step) => handler.invoke(method, step) };
}
