import { Injectable, Logger } from '@nestjs/common';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
} from '@nestjs/common';
import { BacklogMonitor } from '../backlog/index.js';
import { TaskWatch } from '../client/index.js';
import { ServiceSettings, TemplateSettings, WorkerSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import { TemplateCatalog } from '../engine/index.js';
import { Notifier, PostgresListener, TaskChanges, WorkAnnouncer } from '../notifications/index.js';
import { RetentionSweeper } from '../retention/index.js';
import { formatProblem, TemplateLoader, TemplateRegistry } from '../templates/index.js';
import type { TaskTemplate } from '../templates/index.js';
import { DomainEventBus, EventSubscriptionServer } from '../domain-events/index.js';
import { FallbackPoller } from './fallback.poller.js';
import { LeaseKeeper } from './lease.keeper.js';
import { LifecycleEnforcer } from './lifecycle.enforcer.js';
import { NamespaceMigrator } from './namespace.migrator.js';
import { ServedTemplates } from './served-templates.js';
import { StepDispatcher } from './step.dispatcher.js';

/**
 * Brings the engine up and down, in this order:
 *
 * 1. template files, read and checked; then the database, the engine's schema, and the namespaces' own tables
 * 2. templates, registered and bound to their handlers
 * 3. lease keeper, dispatcher, listener, poller: from here on steps run
 *
 * and at shutdown 3 backwards, while HTTP is still served: no new work, running steps end or are handed back. What fails in
 * 1 or 2 keeps the application from starting.
 */
@Injectable()
export class WorkerLifecycle
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('Tasker');

  constructor(
    private readonly database: Database,
    private readonly namespaces: NamespaceMigrator,
    private readonly loader: TemplateLoader,
    private readonly registry: TemplateRegistry,
    private readonly catalog: TemplateCatalog,
    private readonly served: ServedTemplates,
    private readonly leases: LeaseKeeper,
    private readonly dispatcher: StepDispatcher,
    private readonly listener: PostgresListener,
    private readonly poller: FallbackPoller,
    private readonly changes: TaskChanges,
    private readonly announcer: WorkAnnouncer,
    private readonly notifier: Notifier,
    private readonly watch: TaskWatch,
    private readonly lifecycleLimits: LifecycleEnforcer,
    private readonly retention: RetentionSweeper,
    private readonly backlog: BacklogMonitor,
    private readonly subscriptions: EventSubscriptionServer,
    private readonly eventBus: DomainEventBus,
    private readonly service: ServiceSettings,
    private readonly templates: TemplateSettings,
    private readonly worker: WorkerSettings,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.startAhead();
    // Files first: what is wrong with one is told before anything is changed in a database.
    for (const template of await this.loadTemplates()) this.registry.add(template);
    await this.database.open();
    await this.namespaces.migrate();
    await this.catalog.register();
    if (this.runsSteps()) {
      this.served.bindFiles();
      this.served.bindRestored(await this.catalog.restoreUnfinished());
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    this.listener.tasks.subscribe((taskUuids) => this.changes.receive(taskUuids));
    this.listener.resync.subscribe(() => this.changes.receive(null));
    await Promise.all([this.backlog.look(), ...(this.runsSteps() ? [this.leases.start()] : [])]);
    this.backlog.start();
    if (this.runsSteps()) {
      this.listener.ready.subscribe(() => this.dispatcher.wake());
      this.listener.resync.subscribe(() => this.dispatcher.wake());
      await this.dispatcher.start();
      this.announcer.setLocalTaker(this.dispatcher);
      this.poller.start();
      this.lifecycleLimits.start();
      this.retention.start();
      this.listener.events.subscribe(() => this.eventBus.stored.next());
      this.listener.resync.subscribe(() => this.eventBus.stored.next());
      await this.subscriptions.start();
    }
    if (this.worker.deploymentMode !== 'polling_only') await this.listener.start();
    this.logger.log(
      this.runsSteps()
        ? `Worker ${this.worker.workerId} runs ${this.served.namespaces.join(', ') || 'no namespace'} (${this.worker.deploymentMode})`
        : 'Serving the API only',
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { running } = this.dispatcher.status();
    this.logger.log(`Stopping: ${running} step(s) may end within ${this.worker.shutdownTimeoutSeconds} s`);
    this.announcer.setLocalTaker(undefined);
    // The dispatcher first: from this moment nothing is claimed.
    await Promise.all([
      this.dispatcher.stop(),
      this.poller.stop(),
      this.lifecycleLimits.stop(),
      this.retention.stop(),
      this.backlog.stop(),
    ]);
    await this.leases.stop();
    await this.subscriptions.stop();
    await this.notifier.flush();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.stop();
    await this.database.close();
    this.watch.stop();
    this.logger.log('Stopped');
  }

  private loadTemplates(): Promise<readonly TaskTemplate[]> {
    const { templatePaths, unknownTemplateKeys } = this.templates;
    if (unknownTemplateKeys === 'refuse') return this.loader.loadDirectories(templatePaths);
    return this.loader.loadDirectories(templatePaths, (key) => this.logger.warn(formatProblem(key)));
  }

  private runsSteps(): boolean {
    return this.service.role !== 'api';
  }
}
