import { Injectable } from '@nestjs/common';
import { ContextIdFactory, DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { TaskerFeature } from './tasker-feature.js';
import { STEP_HANDLER_KEYS } from './step-handler.decorator.js';
import type { TaskSequenceStep } from './task-sequence-step.js';

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];
type HostModule = NonNullable<InstanceWrapper['host']>;

/** A provider under `@StepHandler`. */
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

  private inspect(wrapper: InstanceWrapper): DiscoveredHandler | null {
    const type = handlerClass(wrapper);
    const { host } = wrapper;
    // An alias (useExisting) is the same provider once more.
    if (type === null || host === undefined || wrapper.isAlias) return null;
    const keys: unknown = Reflect.getMetadata(STEP_HANDLER_KEYS, type);
    if (!Array.isArray(keys)) return null;
    return {
      className: type.name,
      moduleName: host.name,
      keys: keys.map(String),
      namespaces: namespacesOf(host),
      hasMethod: (method) => typeof Reflect.get(type.prototype, method) === 'function',
      invoke: invoker(wrapper, host),
    };
  }
}

/** A handler given as a value or made by a factory is known by its instance. */
function handlerClass(
  wrapper: InstanceWrapper,
): { readonly name: string; readonly prototype: object } | null {
  const { metatype, inject } = wrapper;
  if (
    typeof metatype === 'function' &&
    inject === undefined &&
    'prototype' in metatype &&
    metatype.prototype
  ) {
    return metatype;
  }
  const instance: unknown = wrapper.instance;
  if (typeof instance !== 'object' || instance === null) return null;
  const { constructor } = instance;
  return typeof constructor === 'function' ? constructor : null;
}

function namespacesOf(host: HostModule): readonly string[] {
  return [...host.imports].flatMap((imported) => {
    const feature: unknown = imported.providers.get(TaskerFeature)?.instance;
    return feature instanceof TaskerFeature ? [feature.namespace] : [];
  });
}

function invoker(wrapper: InstanceWrapper, host: HostModule): DiscoveredHandler['invoke'] {
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) {
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
