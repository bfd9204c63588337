import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';

/** One thing that was looked at. */
export class HealthCheckOutcome {
  @ApiProperty({ enum: ['healthy', 'degraded', 'unhealthy'], enumName: 'CheckStatus' })
  readonly status!: 'healthy' | 'degraded' | 'unhealthy';

  @ApiPropertyOptional({ example: 'connected, schema version 1' })
  readonly message?: string;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly duration_ms!: number;

  @ApiProperty({ format: 'date-time' })
  readonly last_checked!: string;
}

export class HealthInfo {
  @ApiProperty({ example: '0.1.0' })
  readonly version!: string;

  @ApiProperty({ example: 'development' })
  readonly environment!: string;

  @ApiProperty({ example: 'normal' })
  readonly operational_state!: string;

  @ApiProperty({ type: 'integer', example: 10 })
  readonly web_database_pool_size!: number;

  @ApiProperty({ type: 'integer', example: 10 })
  readonly orchestration_database_pool_size!: number;

  @ApiProperty({ description: '"open" while the database can’t be reached', example: 'closed' })
  readonly circuit_breaker_state!: string;
}

export class SystemInfo {
  @ApiProperty({ example: '0.1.0' })
  readonly version!: string;

  @ApiProperty({ example: 'development' })
  readonly environment!: string;

  @ApiProperty({ type: 'integer', example: 60 })
  readonly uptime_seconds!: number;

  @ApiProperty({ example: 'typescript' })
  readonly worker_type!: string;

  @ApiProperty({ type: 'integer', example: 10 })
  readonly database_pool_size!: number;

  @ApiProperty()
  readonly command_processor_active!: boolean;

  @ApiProperty({ type: [String] })
  readonly supported_namespaces!: readonly string[];
}

/** What `/health` and `/health/live` answer. */
export class BasicHealth {
  @ApiProperty({ enum: ['healthy', 'alive'], enumName: 'BasicHealthStatus' })
  readonly status!: 'healthy' | 'alive';

  @ApiProperty({ format: 'date-time' })
  readonly timestamp!: string;

  @ApiProperty({ example: 'worker-1' })
  readonly worker_id!: string;
}

/** What `/health/ready` and `/health/detailed` answer. */
@ApiExtraModels(HealthCheckOutcome)
export class HealthReport {
  @ApiProperty({
    enum: ['ready', 'not_ready', 'healthy', 'degraded', 'unhealthy'],
    enumName: 'HealthReportStatus',
  })
  readonly status!: 'ready' | 'not_ready' | 'healthy' | 'degraded' | 'unhealthy';

  @ApiProperty({ format: 'date-time' })
  readonly timestamp!: string;

  @ApiProperty({ example: 'worker-1' })
  readonly worker_id!: string;

  @ApiProperty({ type: 'object', additionalProperties: { $ref: getSchemaPath(HealthCheckOutcome) } })
  readonly checks!: Readonly<Record<string, HealthCheckOutcome>>;

  @ApiProperty({ type: HealthInfo })
  readonly info!: HealthInfo;

  @ApiProperty({ type: SystemInfo })
  readonly system_info!: SystemInfo;
}
