import { Global, Logger, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BacklogMonitor } from './backlog/index.js';
import { otherCopies } from './copies/index.js';
import { TaskClient, TaskSubmitter, TaskWatch } from './client/index.js';
import { readSettings, SettingsModule } from './config/index.js';
import type { Settings, SettingsAsyncOptions, SettingsOverrides } from './config/index.js';
import { Database } from './database/index.js';
import {
  DomainEventBus,
  DomainEventExplorer,
  DomainEventStore,
  EventSubscriptionServer,
} from './domain-events/index.js';
import {
  DeadLetterReader,
  Engine,
  StepAuditReader,
  StepInputReader,
  StepResultReader,
  TaskEventReader,
  TaskLister,
  TaskReader,
  TemplateCatalog,
} from './engine/index.js';
import { Meters } from './metrics/index.js';
import {
  Notifier,
  PostgresListener,
  ProcessIdentity,
  TaskChanges,
  WorkAnnouncer,
} from './notifications/index.js';
import { RetentionSweeper } from './retention/index.js';
import { TemplateLoader, TemplateRegistry } from './templates/index.js';
import {
  ApplicationEdgeModule,
  FallbackPoller,
  EventPublisherRegistry,
  EventRelay,
  HandlerExplorer,
  HandlerRegistry,
  LeaseKeeper,
  LifecycleEnforcer,
  NamespaceMigrator,
  ServedTemplates,
  StepDispatcher,
  StepInputLoader,
  StepRecorder,
  StartReminder,
  StepTransactions,
  TASKER_FEATURE,
  TaskerFeature,
  TaskerWorker,
  WorkerLifecycle,
  WorkerLoops,
  WorkerStatistics,
} from './worker/index.js';

/** Settings in code, by their names in the settings classes; they win over the environment. */
export type TaskerModuleOptions = SettingsOverrides;

/** `imports`, `inject` and a `useFactory` that answers with `TaskerModuleOptions`. */
export type TaskerModuleAsyncOptions = SettingsAsyncOptions;

export interface TaskerFeatureOptions {
  /** The namespace that the module's step handlers belong to. */
  readonly namespace: string;
  /** A directory of plain SQL migrations for the namespace's own tables, run at boot. */
  readonly migrations?: string;
}

const NAMESPACE = /^[a-z][a-z0-9_]{0,28}$/;

const PROVIDERS: Provider[] = [
  Database,
  Meters,
  ProcessIdentity,
  Notifier,
  PostgresListener,
  TaskChanges,
  WorkAnnouncer,
  TemplateLoader,
  TemplateRegistry,
  Engine,
  TemplateCatalog,
  TaskReader,
  TaskLister,
  TaskEventReader,
  StepAuditReader,
  StepInputReader,
  DeadLetterReader,
  StepResultReader,
  TaskWatch,
  BacklogMonitor,
  TaskSubmitter,
  TaskClient,
  HandlerExplorer,
  HandlerRegistry,
  NamespaceMigrator,
  ServedTemplates,
  StepTransactions,
  LeaseKeeper,
  LifecycleEnforcer,
  RetentionSweeper,
  DomainEventExplorer,
  DomainEventStore,
  DomainEventBus,
  EventSubscriptionServer,
  EventPublisherRegistry,
  EventRelay,
  WorkerStatistics,
  StepInputLoader,
  StepRecorder,
  StepDispatcher,
  FallbackPoller,
  StartReminder,
  WorkerLoops,
  TaskerWorker,
  WorkerLifecycle,
];

/**
 * The engine and its worker in a Nest application. Import `forRoot` (or `forRootAsync`) once; it is global. Each module
 * that provides step handlers imports `forFeature` with its namespace.
 */
@Global()
@Module({})
export class TaskerModule {
  constructor() {
    const copies = otherCopies();
    if (copies !== null) new Logger('Tasker').warn(copies);
  }

  /**
   * Reads the environment and `.env`, and changes neither; `options` win. HTTP settings such as `PORT` and `HOST` are the
   * application's and not read. Rejects with `InvalidSettingsError` when a setting is bad.
   */
  static async forRoot(options: TaskerModuleOptions = {}): Promise<DynamicModule> {
    return TaskerModule.forSettings(await readSettings({ overrides: options, inHost: true }));
  }

  /** As `forRoot`, with options that other providers give. */
  static forRootAsync(options: TaskerModuleAsyncOptions): DynamicModule {
    return TaskerModule.withSettings(SettingsModule.forRootAsync(options));
  }

  /** With settings that have been read already. */
  static forSettings(settings: Settings): DynamicModule {
    return TaskerModule.withSettings(SettingsModule.forSettings(settings));
  }

  /** Says which namespace the importing module's handlers belong to. */
  static forFeature({ namespace, migrations }: TaskerFeatureOptions): DynamicModule {
    if (!NAMESPACE.test(namespace)) {
      throw new Error(
        `TaskerModule.forFeature: namespace "${namespace}" must be lower-case letters, digits and "_", at most 29`,
      );
    }
    return {
      module: TaskerFeatureModule,
      providers: [{ provide: TASKER_FEATURE, useValue: new TaskerFeature(namespace, migrations ?? null) }],
      exports: [TASKER_FEATURE],
    };
  }

  private static withSettings(settings: DynamicModule): DynamicModule {
    return {
      module: TaskerModule,
      imports: [settings, DiscoveryModule, ApplicationEdgeModule],
      providers: PROVIDERS,
      exports: PROVIDERS,
    };
  }
}

/** One a namespace: Nest tells dynamic modules apart by what they provide. */
@Module({})
class TaskerFeatureModule {}
