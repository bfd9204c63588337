import { Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/**
 * Nest calls the hooks of a start from the module with the largest distance to that with the smallest, and those of a
 * shutdown the other way round. Global modules have the largest, the application's root module has 1.
 */
const OUTERMOST = -1;

/** Called at the outer edge of an application's life. */
export interface EdgeHooks {
  /** Every `onApplicationBootstrap` of the application has resolved. */
  bootstrapped(): void;
  /** The application begins to shut down: no other module has been told yet. */
  shutdownBegins(): void;
  /** Every `onModuleDestroy` has settled; no `beforeApplicationShutdown` of another module has been called yet. */
  drain(): Promise<void>;
}

/**
 * The last hook of a start, and the first ones of a shutdown. A global module's own hooks are the first of a start and the last
 * of a shutdown: too early to run handlers, and too late to stop before their clients are closed.
 */
@Injectable()
export class ApplicationEdge implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private hooks: EdgeHooks | undefined;

  constructor(modules: ModulesContainer) {
    for (const module of modules.values())
      if (module.metatype === ApplicationEdgeModule) module.distance = OUTERMOST;
  }

  attach(hooks: EdgeHooks): void {
    this.hooks = hooks;
  }

  onApplicationBootstrap(): void {
    this.hooks?.bootstrapped();
  }

  onModuleDestroy(): void {
    this.hooks?.shutdownBegins();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.hooks?.drain();
  }
}

/** A module of its own: hooks are ordered by module. */
@Module({ providers: [ApplicationEdge], exports: [ApplicationEdge] })
export class ApplicationEdgeModule {}
