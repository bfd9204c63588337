import { Injectable, Logger } from '@nestjs/common';
import { ServiceSettings, WorkerSettings } from '../config/index.js';
import { OwnContext } from '../context/index.js';
import { DomainEventBus, EventSubscriptionServer } from '../domain-events/index.js';
import { TaskerError } from '../engine/index.js';
import { PostgresListener, WorkAnnouncer } from '../notifications/index.js';
import { RetentionSweeper } from '../retention/index.js';
import { FallbackPoller } from './fallback.poller.js';
import { LifecycleEnforcer } from './lifecycle.enforcer.js';
import { ServedTemplates } from './served-templates.js';
import { StartReminder } from './start.reminder.js';
import { StepDispatcher } from './step.dispatcher.js';

/** Steps were to be run before the application was ready for it. */
export class NotReadyError extends TaskerError {
  readonly code = 'NOT_READY';
}

/**
 * Everything that claims work or calls users' code: dispatcher, event subscriptions, poller, lifecycle limits, retention. They
 * start and stop together.
 *
 * Its life: closed -> (`open`) ready -> (`start`) running -> (`stopClaiming`, `stop`) stopped. Stopped is for good, also if `start`
 * is under way or comes later.
 */
@Injectable()
export class WorkerLoops {
  private readonly logger = new Logger('Tasker');
  private readonly ownContext = new OwnContext();
  private state: 'closed' | 'ready' | 'stopped' = 'closed';
  private starting: Promise<void> | undefined;

  constructor(
    private readonly dispatcher: StepDispatcher,
    private readonly announcer: WorkAnnouncer,
    private readonly listener: PostgresListener,
    private readonly poller: FallbackPoller,
    private readonly lifecycleLimits: LifecycleEnforcer,
    private readonly retention: RetentionSweeper,
    private readonly subscriptions: EventSubscriptionServer,
    private readonly eventBus: DomainEventBus,
    private readonly served: ServedTemplates,
    private readonly reminder: StartReminder,
    private readonly service: ServiceSettings,
    private readonly worker: WorkerSettings,
  ) {}

  /** False in a process that serves the API only: `start` does nothing there. */
  get runsSteps(): boolean {
    return this.service.role !== 'api';
  }

  get isStopped(): boolean {
    return this.state === 'stopped';
  }

  /** The application is ready: from now on `start` may be called. */
  open(): void {
    if (this.state !== 'closed') return;
    this.state = 'ready';
    if (!this.runsSteps) return;
    this.listener.ready.subscribe(() => this.dispatcher.wake());
    this.listener.resync.subscribe(() => this.dispatcher.wake());
    this.listener.events.subscribe(() => this.eventBus.stored.next());
    this.listener.resync.subscribe(() => this.eventBus.stored.next());
    this.reminder.begin();
  }

  /** See `TaskerWorker.start`. */
  start(): Promise<void> {
    if (!this.runsSteps || this.state === 'stopped') return Promise.resolve();
    if (this.state === 'closed') {
      return Promise.reject(
        new NotReadyError(
          'Steps can run once the application is ready: call start() after "await app.init()", "await app.listen(…)" or "await NestFactory.createApplicationContext(…)", not in a lifecycle hook',
        ),
      );
    }
    this.reminder.end();
    this.starting ??= this.ownContext.run(() => this.startAll());
    return this.starting;
  }

  /** No step, event or check begins from now on; what runs may end. */
  stopClaiming(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.reminder.end();
    const { running } = this.dispatcher.status();
    this.logger.log(`Stopping: ${running} step(s) may end within ${this.worker.shutdownTimeoutSeconds} s`);
    this.dispatcher.stopClaiming();
    this.subscriptions.stopTaking();
  }

  /** As `stopClaiming`; resolves when nothing runs any more. Safe to call twice, or without `start`. */
  async stop(): Promise<void> {
    this.stopClaiming();
    this.announcer.setLocalTaker(undefined);
    // Its error has been told to its callers.
    await this.starting?.catch(() => undefined);
    await Promise.all([
      this.dispatcher.stop(),
      this.subscriptions.stopServing(),
      this.poller.stop(),
      this.lifecycleLimits.stop(),
      this.retention.stop(),
    ]);
    await this.subscriptions.stop();
  }

  private async startAll(): Promise<void> {
    try {
      // Subscribers first: a fast event of the first step is theirs.
      this.subscriptions.start();
      await this.dispatcher.start();
    } catch (error) {
      this.starting = undefined;
      // A shutdown gives up what is still being tried.
      if (!this.isStopped) throw error;
    }
    if (this.isStopped) return;
    this.announcer.setLocalTaker(this.dispatcher);
    this.poller.start();
    this.lifecycleLimits.start();
    this.retention.start();
    this.logger.log(
      `Worker ${this.worker.workerId} runs ${this.served.namespaces.join(', ') || 'no namespace'} (${this.worker.deploymentMode})`,
    );
  }
}
