import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

const METRIC_TYPES = ['counter', 'gauge'] as const;

/** A counter or a gauge, as Tasker's clients read it. */
export class MetricValue {
  @ApiProperty({ example: 4 })
  readonly value!: number;

  @ApiProperty({ enum: METRIC_TYPES, enumName: 'MetricType' })
  readonly metric_type!: (typeof METRIC_TYPES)[number];

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: {} })
  readonly labels!: Readonly<Record<string, string>>;

  @ApiProperty({ example: 'Steps that were claimed' })
  readonly help!: string;
}

@ApiExtraModels(MetricValue)
export class WorkerMetricsResponse {
  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(MetricValue) },
    description: 'By name, without histograms',
  })
  readonly metrics!: Readonly<Record<string, MetricValue>>;

  @ApiProperty({ format: 'date-time' })
  readonly timestamp!: string;

  @ApiProperty({ example: 'worker-1' })
  readonly worker_id!: string;
}

/** Tasker's router: here, the outbox for durable events and the process itself for fast ones. */
export class EventRouterMetrics {
  @ApiProperty({ type: 'integer' })
  readonly total_routed!: number;

  @ApiProperty({ type: 'integer' })
  readonly durable_routed!: number;

  @ApiProperty({ type: 'integer' })
  readonly fast_routed!: number;

  @ApiProperty({ type: 'integer', description: 'Broadcast events count as durable and as fast' })
  readonly broadcast_routed!: number;

  @ApiProperty({ type: 'integer' })
  readonly fast_delivery_errors!: number;

  @ApiProperty({ type: 'integer' })
  readonly routing_errors!: number;
}

/** Tasker's in-process bus; what it says of Rust and FFI is 0 or about subscribers in this process. */
export class InProcessBusMetrics {
  @ApiProperty({ type: 'integer' })
  readonly total_events_dispatched!: number;

  @ApiProperty({ type: 'integer' })
  readonly rust_handler_dispatches!: number;

  @ApiProperty({ type: 'integer', description: 'Deliveries to subscribers in this process' })
  readonly ffi_channel_dispatches!: number;

  @ApiProperty({ type: 'integer' })
  readonly rust_handler_errors!: number;

  @ApiProperty({ type: 'integer', description: 'Deliveries that subscribers refused' })
  readonly ffi_channel_drops!: number;

  @ApiProperty({ type: 'integer' })
  readonly rust_subscriber_patterns!: number;

  @ApiProperty({ type: 'integer' })
  readonly rust_handler_count!: number;

  @ApiProperty({ type: 'integer', description: 'Subscribers in this process' })
  readonly ffi_subscriber_count!: number;
}

export class EventMetricsResponse {
  @ApiProperty({ type: EventRouterMetrics })
  readonly router!: EventRouterMetrics;

  @ApiProperty({ type: InProcessBusMetrics })
  readonly in_process_bus!: InProcessBusMetrics;

  @ApiProperty({ format: 'date-time' })
  readonly captured_at!: string;

  @ApiProperty({ example: 'worker-1' })
  readonly worker_id!: string;
}
