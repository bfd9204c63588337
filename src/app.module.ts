import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { ApiModule } from './api/index.js';
import type { Settings } from './config/index.js';
import { HealthModule } from './health/index.js';
import { HttpModule } from './http/index.js';
import { LoggingModule } from './logging/index.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { TaskerModule } from './tasker.module.js';

/** The whole service: the engine, the health endpoints, the API unless the role leaves it out, and the namespaces. */
@Module({})
export class AppModule {
  /** `ownLog`: the log is pino's, as the settings say; otherwise it is left to whoever starts the application. */
  static forRoot(
    settings: Settings,
    namespaces: NonNullable<ModuleMetadata['imports']>,
    ownLog = false,
  ): DynamicModule {
    const log = ownLog ? [LoggingModule.forSettings(settings.log)] : [];
    const api = settings.service.role === 'worker' ? [] : [ApiModule];
    return {
      module: AppModule,
      imports: [
        ...log,
        TaskerModule.forSettings(settings),
        HttpModule,
        HealthModule,
        MetricsModule,
        ...api,
        ...namespaces,
      ],
    };
  }
}
