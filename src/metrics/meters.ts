import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { StepDurations } from './step.durations.js';

const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500];
/** What is told from a clock that wakes the process a hundred times a second: three quarters of what an idle one costs. */
const LAG_STATISTICS = /^nodejs_eventloop_lag_(?!seconds$)/;
const HOUR_MS = 3_600_000;
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** What is measured where it happens; the rest is asked for when somebody reads the metrics (see `MetricsCollector`). */
@Injectable()
export class Meters {
  /** Of this application: several may run in one process. */
  readonly registry = new Registry();

  readonly claimBatch = new Histogram({
    name: 'tasker_worker_claim_batch_size',
    help: 'Steps that one call claimed, those handed over with a completion included',
    buckets: [0, ...BATCHES],
    registers: [this.registry],
  });

  readonly completionBatch = new Histogram({
    name: 'tasker_worker_completion_batch_size',
    help: 'Ended attempts that one call recorded',
    buckets: BATCHES,
    registers: [this.registry],
  });

  readonly completionSeconds = new Histogram({
    name: 'tasker_worker_completion_seconds',
    help: 'How long recording a batch took, repetitions included',
    buckets: SECONDS,
    registers: [this.registry],
  });

  readonly stepDurations = new StepDurations(SECONDS);

  readonly requestSeconds = new Histogram({
    name: 'tasker_http_request_seconds',
    help: 'From a request to its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: SECONDS,
    registers: [this.registry],
  });

  readonly tasksSubmitted = new Counter({
    name: 'tasker_tasks_submitted_total',
    help: 'Tasks that this process has accepted, repeats of them not counted',
    registers: [this.registry],
  });

  readonly tasksRefused = new Counter({
    name: 'tasker_tasks_refused_total',
    help: 'Tasks that this process has refused because too much waited',
    registers: [this.registry],
  });

  /** Instead of the statistics of its lag: it costs nothing until somebody reads it. */
  readonly eventLoopUtilization = new Gauge({
    name: 'tasker_process_event_loop_utilization',
    help: 'The part of the time since the last reading in which the event loop was busy',
    registers: [this.registry],
    collect: () => {
      const now = performance.eventLoopUtilization();
      this.eventLoopUtilization.set(performance.eventLoopUtilization(now, this.lastUtilization).utilization);
      this.lastUtilization = now;
    },
  });
  private lastUtilization = performance.eventLoopUtilization();

  constructor() {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: HOUR_MS });
    for (const { name } of this.registry.getMetricsAsArray()) {
      if (LAG_STATISTICS.test(name)) this.registry.removeSingleMetric(name);
    }
  }

  /** All of it, in Prometheus's text format. */
  async text(): Promise<string> {
    return `${await this.registry.metrics()}\n${this.stepDurations.text()}\n`;
  }
}
