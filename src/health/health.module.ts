import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DatabaseHealthIndicator } from './database.health.js';
import { HealthController } from './health.controller.js';
import { HealthReporter } from './health.reporter.js';
import { WorkerHealthIndicator } from './worker.health.js';

/** `/health`, `/health/live`, `/health/ready` and `/health/detailed`. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [HealthReporter, DatabaseHealthIndicator, WorkerHealthIndicator],
})
export class HealthModule {}
