import { ApiProperty } from '@nestjs/swagger';

export class ConfigMetadata {
  @ApiProperty({ format: 'date-time' })
  readonly timestamp!: string;

  @ApiProperty({ example: 'development' })
  readonly environment!: string;

  @ApiProperty({ example: '0.1.0' })
  readonly version!: string;
}

export class AuthConfig {
  @ApiProperty()
  readonly enabled!: boolean;

  @ApiProperty({ enum: ['none', 'api_key', 'jwt', 'jwt_and_api_key'], enumName: 'VerificationMethod' })
  readonly verification_method!: string;

  @ApiProperty({ example: 'https://issuer.example.com' })
  readonly jwt_issuer!: string;

  @ApiProperty({ example: 'tasker' })
  readonly jwt_audience!: string;

  @ApiProperty({ example: 'X-API-Key' })
  readonly api_key_header!: string;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly api_key_count!: number;

  @ApiProperty({ description: 'Every operation says who may ask for it, or is closed' })
  readonly strict_validation!: boolean;

  @ApiProperty({ type: [String], example: ['RS256'] })
  readonly allowed_algorithms!: readonly string[];
}

export class CircuitBreakerConfig {
  @ApiProperty({ description: 'Retries with growing pauses stand in its place' })
  readonly enabled!: boolean;

  @ApiProperty({ type: 'integer' })
  readonly failure_threshold!: number;

  @ApiProperty({ type: 'integer' })
  readonly success_threshold!: number;

  @ApiProperty({ type: 'integer' })
  readonly timeout_seconds!: number;
}

export class DatabasePoolConfig {
  @ApiProperty({ type: 'integer', example: 10 })
  readonly web_api_pool_size!: number;

  @ApiProperty({ type: 'integer', example: 10 })
  readonly web_api_max_connections!: number;
}

export class MessagingConfig {
  @ApiProperty({ example: 'postgres' })
  readonly backend!: string;

  @ApiProperty({ type: [String], description: 'The channels of LISTEN and NOTIFY' })
  readonly queues!: readonly string[];
}

/** How this process is set up, without anything secret. */
export class ConfigResponse {
  @ApiProperty({ type: ConfigMetadata })
  readonly metadata!: ConfigMetadata;

  @ApiProperty({ type: AuthConfig })
  readonly auth!: AuthConfig;

  @ApiProperty({ type: CircuitBreakerConfig })
  readonly circuit_breakers!: CircuitBreakerConfig;

  @ApiProperty({ type: DatabasePoolConfig })
  readonly database_pools!: DatabasePoolConfig;

  @ApiProperty({ example: 'hybrid' })
  readonly deployment_mode!: string;

  @ApiProperty({ type: MessagingConfig })
  readonly messaging!: MessagingConfig;

  @ApiProperty({ example: 'worker-1' })
  readonly worker_id!: string;

  @ApiProperty({ example: 'typescript' })
  readonly worker_type!: string;
}
