import { Injectable } from '@nestjs/common';
import { ContextIdFactory, DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { classesOf, isShared, metadataOf } from '../discovery/index.js';
import type { ProviderClass, ProviderWrapper } from '../discovery/index.js';
import { TASKER_FEATURE, TaskerFeature } from './tasker-feature.js';
import { STEP_HANDLER_KEYS } from './step-handler.decorator.js';
import type { TaskSequenceStep } from './task-sequence-step.js';

type HostModule = NonNullable<ProviderWrapper['host']>;

/** A provider under `@StepHandler`, or one that stands in for such a provider and keeps its keys. */
export interface DiscoveredHandler {
  readonly className: string;
  readonly moduleName: string;
  readonly keys: readonly string[];
  /** The namespaces of the module that provides it. */
  readonly namespaces: readonly string[];
  hasMethod(method: string): boolean;
  /** Calls the handler, made anew where its scope asks for that. */
  invoke(method: string, step: TaskSequenceStep): unknown;
}

/** Finds the step handlers in every module of the application. */
@Injectable()
export class HandlerExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
  ) {}

  explore(): readonly DiscoveredHandler[] {
    return this.discovery.getProviders().flatMap((wrapper) => this.inspect(wrapper) ?? []);
  }

  /** The namespaces that some module of the application serves. */
  namespaces(): readonly string[] {
    return [...new Set([...this.modules.values()].flatMap(namespacesOf))].toSorted();
  }

  private inspect(wrapper: ProviderWrapper): DiscoveredHandler | null {
    const { host } = wrapper;
    // An alias (useExisting) is the same provider once more.
    if (host === undefined || wrapper.isAlias) return null;
    const classes = classesOf(wrapper);
    const keys = metadataOf(STEP_HANDLER_KEYS, classes).flatMap((found) =>
      Array.isArray(found) ? found : [],
    );
    const [type] = classes;
    if (type === undefined || keys.length === 0) return null;
    return {
      className: type.name,
      moduleName: host.name,
      keys: [...new Set(keys.map(String))],
      namespaces: namespacesOf(host),
      hasMethod: (method) => hasMethod(wrapper, type, method),
      invoke: invoker(wrapper, host),
    };
  }
}

/** Of a provider that is made for each attempt only the class is known. */
function hasMethod(wrapper: ProviderWrapper, { prototype }: ProviderClass, method: string): boolean {
  const instance: unknown = isShared(wrapper) ? wrapper.instance : prototype;
  return (
    typeof instance === 'object' && instance !== null && typeof Reflect.get(instance, method) === 'function'
  );
}

function namespacesOf(host: HostModule): readonly string[] {
  return [...host.imports].flatMap((imported) => {
    const feature: unknown = imported.providers.get(TASKER_FEATURE)?.instance;
    return feature instanceof TaskerFeature ? [feature.namespace] : [];
  });
}

function invoker(wrapper: ProviderWrapper, host: HostModule): DiscoveredHandler['invoke'] {
  if (isShared(wrapper)) {
    return (method, step) => callMethod(wrapper.instance, method, step);
  }
  return async (method, step) => {
    const moduleRef: unknown = host.providers.get(ModuleRef)?.instance;
    if (!(moduleRef instanceof ModuleRef)) throw new Error(`Module ${host.name} has no ModuleRef`);
    const contextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(step, contextId);
    const instance: unknown = await moduleRef.resolve(wrapper.token, contextId, { strict: true });
    return callMethod(instance, method, step);
  };
}

function callMethod(instance: unknown, method: string, step: TaskSequenceStep): unknown {
  if (typeof instance !== 'object' || instance === null) throw new Error('The handler has not been created');
  const member: unknown = Reflect.get(instance, method);
  if (typeof member !== 'function') throw new Error(`${instance.constructor.name} has no method "${method}"`);
  return Reflect.apply(member, instance, [step]);
}
