import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500];
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

  readonly stepSeconds = new Histogram({
    name: 'tasker_worker_step_seconds',
    help: 'From the start of a handler to the end of its attempt',
    labelNames: ['namespace', 'step', 'outcome'] as const,
    buckets: SECONDS,
    registers: [this.registry],
  });

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

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
