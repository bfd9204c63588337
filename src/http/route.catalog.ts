import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, type ModulesContainer } from '@nestjs/core';

/** An operation of the application: its method and path, and the controller's method behind it. */
export interface Route {
  readonly method: string;
  /** With parameters as `:name`. */
  readonly path: string;
  readonly handler: Function;
  readonly segments: readonly string[];
}

/** Knows the application's routes, to tell a path that is not there from a method that its path does not have. */
export class RouteCatalog {
  private routes: readonly Route[] | undefined;

  constructor(private readonly modules: ModulesContainer) {}

  /** Every operation of every controller. */
  list(): readonly Route[] {
    // Looked up at the first question: by then every module is there.
    this.routes ??= this.discoverRoutes();
    return this.routes;
  }

  /** The methods that this path can be asked with; empty where nothing is there. */
  methodsOf(path: string): readonly string[] {
    const segments = splitPath(path);
    const methods = this.list()
      .filter((route) => matches(route.segments, segments))
      .map(({ method }) => method);
    return [...new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)].toSorted();
  }

  private discoverRoutes(): readonly Route[] {
    return new DiscoveryService(this.modules)
      .getControllers()
      .flatMap(({ metatype }) => (typeof metatype === 'function' ? routesOf(metatype) : []));
  }
}

function routesOf(controller: Function): readonly Route[] {
  const prototype: unknown = controller.prototype;
  if (typeof prototype !== 'object' || prototype === null) return [];
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const handler: unknown = Reflect.get(prototype, name);
    if (typeof handler !== 'function') return [];
    const method: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
    if (typeof method !== 'number') return [];
    return pathsOf(controller).flatMap((base) =>
      pathsOf(handler).map((path) => ({
        method: RequestMethod[method] ?? '',
        path: `/${splitPath(`${base}/${path}`).join('/')}`,
        handler,
        segments: splitPath(`${base}/${path}`),
      })),
    );
  });
}

function pathsOf(target: Function): readonly string[] {
  const paths: unknown = Reflect.getMetadata(PATH_METADATA, target);
  return (Array.isArray(paths) ? paths : [paths]).filter((path) => typeof path === 'string');
}

function splitPath(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((segment, index) => segment.startsWith(':') || segment === path[index])
  );
}
