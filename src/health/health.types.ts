/** One thing that was looked at. */
export interface HealthCheck {
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly message?: string;
  readonly duration_ms: number;
  readonly last_checked: string;
}

export interface HealthInfo {
  readonly version: string;
  readonly environment: string;
  readonly operational_state: string;
  readonly web_database_pool_size: number;
  readonly orchestration_database_pool_size: number;
  readonly circuit_breaker_state: string;
}

export interface SystemInfo {
  readonly version: string;
  readonly environment: string;
  readonly uptime_seconds: number;
  readonly worker_type: string;
  readonly database_pool_size: number;
  readonly command_processor_active: boolean;
  readonly supported_namespaces: readonly string[];
}

/** What `/health` and `/health/live` answer. */
export interface BasicHealth {
  readonly status: 'healthy' | 'alive';
  readonly timestamp: string;
  readonly worker_id: string;
}

/** What `/health/ready` and `/health/detailed` answer. */
export interface HealthReport {
  readonly status: 'ready' | 'not_ready' | 'healthy' | 'degraded' | 'unhealthy';
  readonly timestamp: string;
  readonly worker_id: string;
  readonly checks: Readonly<Record<string, HealthCheck>>;
  readonly info: HealthInfo;
  readonly system_info: SystemInfo;
}
