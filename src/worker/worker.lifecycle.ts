import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { BacklogMonitor } from '../backlog/index.js';
import { TaskWatch } from '../client/index.js';
import { TemplateSettings, WorkerSettings } from '../config/index.js';
import { Database, StartAbandonedError } from '../database/index.js';
import { EventSubscriptionServer } from '../domain-events/index.js';
import { TemplateCatalog } from '../engine/index.js';
import { Notifier, PostgresListener, TaskChanges } from '../notifications/index.js';
import { formatProblem, TemplateLoader, TemplateRegistry } from '../templates/index.js';
import type { TaskTemplate } from '../templates/index.js';
import { ApplicationEdge } from './application.edge.js';
import type { EdgeHooks } from './application.edge.js';
import { LeaseKeeper } from './lease.keeper.js';
import { NamespaceMigrator } from './namespace.migrator.js';
import { ServedTemplates } from './served-templates.js';
import { WorkerLoops } from './worker.loops.js';

/**
 * Brings the engine up and down, in this order:
 *
 * 1. `onModuleInit`: template files, read and checked; the database, the engine's schema, and the namespaces' own tables; templates,
 *    registered and bound to their handlers
 * 2. `onApplicationBootstrap`: leases, event subscriptions and the listener are made ready
 * 3. when the application is ready: `WorkerLoops.start`, and from then on steps run
 *
 * What fails in 1 or 2 keeps the application from starting. A shutdown begins with 3, in its first hook: nothing is claimed any
 * more. Running steps end or are handed back before any `beforeApplicationShutdown` of the host, while HTTP is still served.
 */
@Injectable()
export class WorkerLifecycle
  implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown, EdgeHooks
{
  private readonly logger = new Logger('Tasker');

  constructor(
    edge: ApplicationEdge,
    private readonly database: Database,
    private readonly namespaces: NamespaceMigrator,
    private readonly loader: TemplateLoader,
    private readonly registry: TemplateRegistry,
    private readonly catalog: TemplateCatalog,
    private readonly served: ServedTemplates,
    private readonly leases: LeaseKeeper,
    private readonly listener: PostgresListener,
    private readonly changes: TaskChanges,
    private readonly notifier: Notifier,
    private readonly watch: TaskWatch,
    private readonly backlog: BacklogMonitor,
    private readonly subscriptions: EventSubscriptionServer,
    private readonly loops: WorkerLoops,
    private readonly templates: TemplateSettings,
    private readonly worker: WorkerSettings,
  ) {
    edge.attach(this);
  }

  async onModuleInit(): Promise<void> {
    await this.database.startAhead();
    // Files first: what is wrong with one is told before anything is changed in a database.
    for (const template of await this.loadTemplates()) this.registry.add(template);
    await this.database.open();
    await this.namespaces.migrate();
    await this.catalog.register();
    if (this.loops.runsSteps) {
      this.served.bindFiles();
      this.served.bindRestored(await this.catalog.restoreUnfinished());
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    this.throwIfStopped();
    this.listener.tasks.subscribe((taskUuids) => this.changes.receive(taskUuids));
    this.listener.resync.subscribe(() => this.changes.receive(null));
    await Promise.all([this.backlog.look(), ...(this.loops.runsSteps ? [this.leases.start()] : [])]);
    this.throwIfStopped();
    this.backlog.start();
    if (this.loops.runsSteps) await this.subscriptions.prepare();
    this.throwIfStopped();
    if (this.worker.deploymentMode !== 'polling_only') await this.listener.start();
    if (!this.loops.runsSteps) this.logger.log('Serving the API only');
  }

  bootstrapped(): void {
    this.loops.open();
  }

  shutdownBegins(): void {
    this.loops.stopClaiming();
  }

  async drain(): Promise<void> {
    await Promise.all([this.loops.stop(), this.backlog.stop()]);
    await this.leases.stop();
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

  /** An application may be closed while it starts: what begins after the shutdown would never be stopped. */
  private throwIfStopped(): void {
    if (this.loops.isStopped) throw new StartAbandonedError();
  }
}
