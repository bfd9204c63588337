import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { BacklogMonitor } from '../backlog/index.js';
import { Database } from '../database/index.js';
import { DomainEventBus } from '../domain-events/index.js';
import { PostgresListener } from '../notifications/index.js';
import { StepDispatcher, WorkerStatistics } from '../worker/index.js';
import { Meters } from './meters.js';
import type { MetricValue } from './metrics.responses.js';

/** A number that something else keeps, and how it is called here. */
interface Kept {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

/** Reads, when somebody asks, what the parts of this process know of themselves. */
@Injectable()
export class MetricsCollector {
  private readonly totals: readonly Kept[];
  private readonly levels: readonly Kept[];

  constructor(
    private readonly meters: Meters,
    statistics: WorkerStatistics,
    dispatcher: StepDispatcher,
    listener: PostgresListener,
    database: Database,
    backlog: BacklogMonitor,
    bus: DomainEventBus,
  ) {
    this.totals = [
      total('worker_steps_claimed', 'Steps that were claimed', () => statistics.claimed),
      total('worker_steps_completed', 'Attempts that were recorded as successes', () => statistics.succeeded),
      total('worker_steps_failed', 'Attempts that were recorded as failures', () => statistics.failed),
      total('worker_steps_refused', 'Answers that came too late and were refused', () => statistics.refused),
      total(
        'worker_steps_lost',
        'Attempts of lost workers that this process took back',
        () => statistics.reclaimed,
      ),
      total('worker_steps_released', 'Attempts that were handed back unspent', () => statistics.released),
      total(
        'worker_listener_reconnects',
        'Times that the listening connection was lost',
        () => listener.losses,
      ),
      total('events_durable', 'Domain events that were stored', () => bus.statistics().durablePublished),
      total('events_fast', 'Domain events that stayed in this process', () => bus.statistics().fastPublished),
      total('events_delivered', 'Deliveries to subscribers', () => delivered(bus)),
      total('events_delivery_errors', 'Deliveries that subscribers refused', () => refused(bus)),
    ];
    this.levels = [
      level('worker_slots', 'Steps that may run at once', () => dispatcher.status().slots),
      level('worker_slots_used', 'Steps that run now', () => dispatcher.status().running),
      level(
        'worker_steps_unrecorded',
        'Ended attempts that wait to be recorded',
        () => dispatcher.status().unrecorded,
      ),
      level('worker_claiming', '1 while work is claimed', () => Number(dispatcher.status().claiming)),
      level('worker_listening', '1 while notifications arrive', () => Number(listener.state === 'listening')),
      level(
        'queue_depth',
        'Steps that can be run now, in all processes, as of the last look',
        () => backlog.backlog.ready,
      ),
      level(
        'queue_oldest_ready_seconds',
        'For how long the first of them has waited',
        () => backlog.backlog.oldestAgeMs / 1000,
      ),
      level('database_pool_size', 'Connections of the pool', () => database.poolUsage().size),
      level(
        'database_pool_idle',
        'Connections of the pool that nobody uses',
        () => database.poolUsage().idle,
      ),
      level(
        'database_pool_waiting',
        'Callers that wait for a connection',
        () => database.poolUsage().waiting,
      ),
    ];
    this.register();
  }

  /** All of it, in Prometheus's text format. */
  text(): Promise<string> {
    return this.meters.text();
  }

  /** The counters and gauges by name, without histograms. None of them has labels. */
  values(): Readonly<Record<string, MetricValue>> {
    return Object.fromEntries([
      ...this.totals.map((kept) => [kept.name, valueOf(kept, 'counter')]),
      ...this.levels.map((kept) => [kept.name, valueOf(kept, 'gauge')]),
    ]);
  }

  private register(): void {
    const registers = [this.meters.registry];
    for (const { name, help, read } of this.totals) {
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        collect: () => {
          counter.reset();
          counter.inc(read());
        },
      });
    }
    for (const { name, help, read } of this.levels) {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    }
  }
}

function valueOf({ help, read }: Kept, metric_type: MetricValue['metric_type']): MetricValue {
  return { value: read(), metric_type, labels: {}, help };
}

function total(name: string, help: string, read: () => number): Kept {
  return { name: `tasker_${name}_total`, help, read };
}

function level(name: string, help: string, read: () => number): Kept {
  return { name: `tasker_${name}`, help, read };
}

function delivered(bus: DomainEventBus): number {
  const { durableDelivered, fastDelivered } = bus.statistics();
  return durableDelivered + fastDelivered;
}

function refused(bus: DomainEventBus): number {
  const { durableErrors, fastErrors } = bus.statistics();
  return durableErrors + fastErrors;
}
