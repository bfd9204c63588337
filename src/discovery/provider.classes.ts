import type { DiscoveryService } from '@nestjs/core';

/** Nest's record of a provider. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

export interface ProviderClass {
  readonly name: string;
  readonly prototype: object;
}

/**
 * The classes whose decorators say what a provider is for: the class of its instances, then the class that it is injected by.
 *
 * They differ when a provider stands in for another one (`overrideProvider(Handler).useValue(fake)` in a test,
 * `{ provide: Handler, useClass: Other }`). Nest keeps the token of the provider that is replaced, and the stand-in may be an
 * object without a class.
 */
export function classesOf(wrapper: ProviderWrapper): readonly ProviderClass[] {
  const found = [classOfInstances(wrapper), asClass(wrapper.token)];
  return [...new Set(found.filter((type) => type !== null))];
}

/** The metadata under the key of each of the classes that has some. */
export function metadataOf(key: symbol, classes: readonly ProviderClass[]): readonly unknown[] {
  return classes
    .map((type): unknown => Reflect.getMetadata(key, type))
    .filter((found) => found !== undefined);
}

/** Whether there is one instance for as long as the application lives; else Nest makes one for each request or each user. */
export function isShared(wrapper: ProviderWrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

/** A provider given as a value or made by a factory is known by its instance. */
function classOfInstances({ metatype, inject, instance }: ProviderWrapper): ProviderClass | null {
  // Nest clears `inject` of a provider that is replaced.
  const made = inject === undefined || inject === null ? asClass(metatype) : null;
  if (made !== null) return made;
  const found: unknown = instance;
  return typeof found === 'object' && found !== null ? asClass(Reflect.get(found, 'constructor')) : null;
}

function asClass(value: unknown): ProviderClass | null {
  return isClass(value) && value.prototype !== Object.prototype ? value : null;
}

function isClass(value: unknown): value is ProviderClass {
  return (
    typeof value === 'function' &&
    'prototype' in value &&
    typeof value.prototype === 'object' &&
    value.prototype !== null
  );
}
