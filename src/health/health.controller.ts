import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HEADERS, Operation } from '../http/index.js';
import { HealthReporter } from './health.reporter.js';
import { BasicHealth, HealthReport } from './health.responses.js';

/** What this controller needs of a response, whichever HTTP platform it is of. */
interface StatusResponse {
  status(code: number): unknown;
}

/** Probes. Liveness asks the process alone, so that a database that is away does not get it restarted. */
@ApiTags('system')
@Controller('health')
export class HealthController {
  constructor(private readonly reporter: HealthReporter) {}

  @Get()
  @Operation({
    id: 'getHealth',
    summary: 'Say that the service answers',
    permissions: [],
    answer: BasicHealth,
  })
  health(): BasicHealth {
    return this.reporter.basic('healthy');
  }

  @Get('live')
  @Operation({
    id: 'getLiveness',
    summary: 'Say that the process is alive',
    description: 'Of itself alone: the database is not asked.',
    permissions: [],
    answer: BasicHealth,
  })
  live(): BasicHealth {
    return this.reporter.basic('alive');
  }

  @Get('ready')
  @Operation({
    id: 'getReadiness',
    summary: 'Say whether the service can take work',
    description: '200 with status "ready", else 503.',
    permissions: [],
    answer: HealthReport,
  })
  @ApiServiceUnavailableResponse({
    type: HealthReport,
    description: 'Not ready: checks say why',
    headers: HEADERS.everyAnswer,
  })
  async ready(@Res({ passthrough: true }) response: StatusResponse): Promise<HealthReport> {
    const report = await this.reporter.readiness();
    if (report.status !== 'ready') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  @Get('detailed')
  @Operation({
    id: 'getDetailedHealth',
    summary: 'Say how everything is',
    description: '503 where something is down.',
    permissions: [],
    answer: HealthReport,
  })
  @ApiServiceUnavailableResponse({
    type: HealthReport,
    description: 'Something is down: checks say what',
    headers: HEADERS.everyAnswer,
  })
  async detailed(@Res({ passthrough: true }) response: StatusResponse): Promise<HealthReport> {
    const report = await this.reporter.detailed();
    if (report.status === 'unhealthy') response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }
}
