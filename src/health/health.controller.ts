import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { HealthReporter } from './health.reporter.js';
import type { BasicHealth, HealthReport } from './health.types.js';

/** What this controller needs of a response, whichever HTTP platform it is of. */
interface StatusResponse {
  status(code: number): unknown;
}

/** Probes. Liveness asks the process alone, so that a database that is away does not get it restarted. */
@Controller('health')
export class HealthController {
  constructor(private readonly reporter: HealthReporter) {}

  @Get()
  health(): BasicHealth {
    return this.reporter.basic('healthy');
  }

  @Get('live')
  live(): BasicHealth {
    return this.reporter.basic('alive');
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) response: StatusResponse): Promise<HealthReport> {
    const report = await this.reporter.readiness();
    if (report.status !== 'ready') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  @Get('detailed')
  async detailed(@Res({ passthrough: true }) response: StatusResponse): Promise<HealthReport> {
    const report = await this.reporter.detailed();
    if (report.status === 'unhealthy') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
