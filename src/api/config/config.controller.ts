import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import {
  DatabaseSettings,
  PACKAGE_VERSION,
  SecuritySettings,
  ServiceSettings,
  WorkerSettings,
} from '../../config/index.js';
import { API_KEY_HEADER, Authenticator, Operation } from '../../http/index.js';
import { CHANNELS } from '../../notifications/index.js';
import { ConfigResponse } from './config.responses.js';

/** How the service is set up. */
@ApiTags('system')
@Controller('config')
export class ConfigController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly security: SecuritySettings,
    private readonly database: DatabaseSettings,
    private readonly service: ServiceSettings,
    private readonly worker: WorkerSettings,
  ) {}

  @Get()
  @Operation({
    id: 'getConfig',
    summary: 'Read how this process is set up',
    description: 'Nothing secret is in it.',
    permissions: ['system:config_read', 'worker:config_read'],
    answer: ConfigResponse,
  })
  read(): ConfigResponse {
    const { poolSize } = this.database;
    return {
      metadata: {
        timestamp: new Date().toISOString(),
        environment: this.service.environment,
        version: PACKAGE_VERSION,
      },
      auth: {
        enabled: this.authenticator.enabled,
        verification_method: this.authenticator.method,
        jwt_issuer: this.security.jwtIssuer ?? '',
        jwt_audience: this.security.jwtAudience ?? '',
        api_key_header: API_KEY_HEADER,
        api_key_count: this.authenticator.apiKeyCount,
        strict_validation: true,
        allowed_algorithms: this.security.jwtAlgorithms,
      },
      circuit_breakers: { enabled: false, failure_threshold: 0, success_threshold: 0, timeout_seconds: 0 },
      database_pools: { web_api_pool_size: poolSize, web_api_max_connections: poolSize },
      deployment_mode: this.worker.deploymentMode,
      messaging: { backend: 'postgres', queues: CHANNELS },
      worker_id: this.worker.workerId,
      worker_type: 'typescript',
    };
  }
}
