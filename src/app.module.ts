import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { ApiModule } from './api/index.js';
import type { Settings } from './config/index.js';
import { HealthModule } from './health/index.js';
import { HttpModule } from './http/index.js';
import { TaskerModule } from './tasker.module.js';

/** The whole service: the engine, the health endpoints, the API unless the role leaves it out, and the namespaces. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings, namespaces: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    const api = settings.service.role === 'worker' ? [] : [ApiModule];
    return {
      module: AppModule,
      imports: [TaskerModule.forSettings(settings), HttpModule, HealthModule, ...api, ...namespaces],
    };
  }
}
