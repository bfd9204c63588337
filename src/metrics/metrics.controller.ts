import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { WorkerSettings } from '../config/index.js';
import { DomainEventBus } from '../domain-events/index.js';
import { Operation } from '../http/index.js';
import { MetricsCollector } from './metrics.collector.js';
import { EventMetricsResponse, WorkerMetricsResponse } from './metrics.responses.js';

const PROMETHEUS = {
  description: 'In Prometheus’s text format',
  content: {
    'text/plain': {
      schema: { type: 'string' as const },
      example:
        '# HELP tasker_worker_steps_claimed_total Steps that were claimed\n# TYPE tasker_worker_steps_claimed_total counter\ntasker_worker_steps_claimed_total 4\n',
    },
  },
};

/** What this process does, in numbers. */
@ApiTags('system')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly collector: MetricsCollector,
    private readonly bus: DomainEventBus,
    private readonly settings: WorkerSettings,
  ) {}

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Operation({
    id: 'getMetrics',
    summary: 'Read the metrics, for Prometheus',
    permissions: [],
    answer: PROMETHEUS,
  })
  prometheus(): Promise<string> {
    return this.collector.text();
  }

  @Get('worker')
  @Operation({
    id: 'getWorkerMetrics',
    summary: 'Read the metrics, as JSON',
    permissions: [],
    answer: WorkerMetricsResponse,
  })
  worker(): WorkerMetricsResponse {
    return {
      metrics: this.collector.values(),
      timestamp: new Date().toISOString(),
      worker_id: this.settings.workerId,
    };
  }

  @Get('events')
  @Operation({
    id: 'getEventMetrics',
    summary: 'Read what became of domain events',
    permissions: [],
    answer: EventMetricsResponse,
  })
  events(): EventMetricsResponse {
    const { durablePublished, fastPublished, durableDelivered, fastDelivered, durableErrors, fastErrors } =
      this.bus.statistics();
    return {
      router: {
        total_routed: durablePublished + fastPublished,
        durable_routed: durablePublished,
        fast_routed: fastPublished,
        broadcast_routed: 0,
        fast_delivery_errors: fastErrors,
        routing_errors: 0,
      },
      in_process_bus: {
        total_events_dispatched: durableDelivered + fastDelivered,
        rust_handler_dispatches: 0,
        ffi_channel_dispatches: durableDelivered + fastDelivered,
        rust_handler_errors: 0,
        ffi_channel_drops: durableErrors + fastErrors,
        rust_subscriber_patterns: 0,
        rust_handler_count: 0,
        ffi_subscriber_count: this.bus.subscriberCount,
      },
      captured_at: new Date().toISOString(),
      worker_id: this.settings.workerId,
    };
  }
}
