import { HttpException, Injectable } from '@nestjs/common';
import { HealthCheckService } from '@nestjs/terminus';
import type { HealthCheckResult, HealthIndicatorFunction } from '@nestjs/terminus';
import { DatabaseSettings, PACKAGE_VERSION, ServiceSettings, WorkerSettings } from '../config/index.js';
import { ServedTemplates, StepDispatcher } from '../worker/index.js';
import { DatabaseHealthIndicator } from './database.health.js';
import type { BasicHealth, HealthCheckOutcome, HealthReport } from './health.responses.js';
import { WorkerHealthIndicator } from './worker.health.js';

const STATUS_OF = { up: 'healthy', degraded: 'degraded', down: 'unhealthy' } as const;

type Outcome = HealthCheckResult['details'][string];

/**
 * Answers the four health questions in Tasker's shape. One process serves both of Tasker's roles, so each answer carries the
 * checks of both.
 */
@Injectable()
export class HealthReporter {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: DatabaseHealthIndicator,
    private readonly worker: WorkerHealthIndicator,
    private readonly dispatcher: StepDispatcher,
    private readonly served: ServedTemplates,
    private readonly service: ServiceSettings,
    private readonly databaseSettings: DatabaseSettings,
    private readonly workerSettings: WorkerSettings,
  ) {}

  basic(status: BasicHealth['status']): BasicHealth {
    return { status, timestamp: new Date().toISOString(), worker_id: this.workerSettings.workerId };
  }

  /** Ready as long as nothing is down; what is degraded still serves. */
  async readiness(): Promise<HealthReport> {
    const checks = await this.run(this.readinessChecks());
    const down = Object.values(checks).some((check) => check.status === 'unhealthy');
    return this.report(down ? 'not_ready' : 'ready', checks);
  }

  async detailed(): Promise<HealthReport> {
    const checks = await this.run([...this.readinessChecks(), ...this.detailedChecks()]);
    const found = new Set(Object.values(checks).map((check) => check.status));
    const status = found.has('unhealthy') ? 'unhealthy' : found.has('degraded') ? 'degraded' : 'healthy';
    return this.report(status, checks);
  }

  private readinessChecks(): readonly HealthIndicatorFunction[] {
    return [
      () => this.database.isHealthy('web_database'),
      () => this.database.isHealthy('orchestration_database'),
      () => this.database.isHealthy('database'),
      () => this.database.isHealthy('circuit_breaker'),
      () => this.worker.templatesLoaded('orchestration_system'),
      () => this.worker.dispatching('command_processor'),
      () => this.worker.listening('queue_processing'),
    ];
  }

  private detailedChecks(): readonly HealthIndicatorFunction[] {
    return [
      () => this.database.poolUtilization('pool_utilization'),
      () => this.worker.recording('queue_depth'),
      () => this.worker.recording('channel_saturation'),
      () => this.worker.listening('event_system'),
      () => this.worker.dispatching('step_processing'),
      () => this.database.isHealthy('circuit_breakers'),
    ];
  }

  private async run(
    indicators: readonly HealthIndicatorFunction[],
  ): Promise<Readonly<Record<string, HealthCheckOutcome>>> {
    const started = performance.now();
    const outcomes = await this.outcomes([...indicators]);
    const shared = {
      duration_ms: Math.round(performance.now() - started),
      last_checked: new Date().toISOString(),
    };
    return Object.fromEntries(
      Object.entries(outcomes).map(([key, outcome]): [string, HealthCheckOutcome] => [
        key,
        { status: STATUS_OF[outcome.status], ...messageOf(outcome), ...shared },
      ]),
    );
  }

  /** Terminus throws what it found where something is down. */
  private async outcomes(indicators: HealthIndicatorFunction[]): Promise<HealthCheckResult['details']> {
    try {
      return (await this.health.check(indicators)).details;
    } catch (error) {
      const body: unknown = error instanceof HttpException ? error.getResponse() : undefined;
      if (!isHealthCheckResult(body)) throw error;
      return body.details;
    }
  }

  private report(status: HealthReport['status'], checks: HealthReport['checks']): HealthReport {
    const poolSize = this.databaseSettings.poolSize;
    const databaseDown = checks['database']?.status === 'unhealthy';
    const { claiming, reason } = this.dispatcher.status();
    const runsSteps = this.service.role !== 'api';
    const common = { version: PACKAGE_VERSION, environment: this.service.environment };
    return {
      status,
      timestamp: new Date().toISOString(),
      worker_id: this.workerSettings.workerId,
      checks,
      info: {
        ...common,
        operational_state: claiming || !runsSteps ? 'normal' : (reason ?? 'stopped'),
        web_database_pool_size: poolSize,
        orchestration_database_pool_size: poolSize,
        circuit_breaker_state: databaseDown ? 'open' : 'closed',
      },
      system_info: {
        ...common,
        uptime_seconds: Math.floor(process.uptime()),
        worker_type: 'typescript',
        database_pool_size: poolSize,
        command_processor_active: claiming,
        supported_namespaces: this.served.namespaces,
      },
    };
  }
}

function messageOf(outcome: Outcome): { readonly message?: string } {
  const message: unknown = outcome['message'];
  return typeof message === 'string' ? { message } : {};
}

function isHealthCheckResult(value: unknown): value is HealthCheckResult {
  return typeof value === 'object' && value !== null && 'details' in value;
}
