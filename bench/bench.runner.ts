import { Measurements } from './measures/index.js';
import type { Measurement } from './measures/index.js';
import type { Options, Part } from './options.js';
import { CEILING, Contestants, LOOP, TASKER } from './scenarios/contestants.js';
import type { Contestant } from './scenarios/contestants.js';
import { measureHostileBodies } from './scenarios/hostile.scenario.js';
import { measureDeadTuples, measureFlushes, measureIdle } from './scenarios/idle.scenario.js';
import { measureLoneLatency } from './scenarios/latency.scenario.js';
import { measurePacedLatency } from './scenarios/paced.scenario.js';
import { measureRetries } from './scenarios/retry.scenario.js';
import { measureService } from './scenarios/service.scenario.js';
import { measureSubmits } from './scenarios/submit.scenario.js';
import { measureThroughput } from './scenarios/throughput.scenario.js';
import { BenchServer, COUNTING, countStatements, writeStatements } from './server/index.js';
import { SIZES } from './sizes.js';
import type { Size } from './sizes.js';
import { TemplateFiles, workload } from './workloads/index.js';

const GRAPHS = ['diamond', 'tree', 'mixed', 'fan', 'chain'] as const;

/** Measures the service by itself and beside its references. */
export async function runBench(
  options: Options,
  progress: (what: string) => void,
): Promise<readonly Measurement[]> {
  const measurements = new Measurements();
  const server = await BenchServer.start(options.profile === null ? {} : COUNTING);
  const templates = await TemplateFiles.write();
  const contestants = new Contestants(server, templates.folder, options.profile);
  try {
    if (options.profile !== null) await countStatements(server.observer);
    const run = new BenchRun(server, contestants, options, measurements, progress);
    await run.measureAll();
    if (options.profile !== null) await writeStatements(server.observer, options.profile);
    await contestants.stopAll();
    return measurements.all;
  } finally {
    contestants.killAll();
    await templates.remove();
    await server.stop();
  }
}

class BenchRun {
  private readonly size: Size;

  constructor(
    private readonly server: BenchServer,
    private readonly contestants: Contestants,
    private readonly options: Options,
    private readonly measurements: Measurements,
    private readonly progress: (what: string) => void,
  ) {
    this.size = SIZES[options.size];
  }

  async measureAll(): Promise<void> {
    if (this.wants('linear', 'graphs', 'retries', 'load', 'idle')) await this.measureWorker();
    const { submits, service } = this.size;
    if (submits !== null && this.wants('submit')) {
      this.progress('submits in process');
      const api = await this.contestants.start(TASKER, { settings: { role: 'api' } });
      await measureSubmits(api, submits, this.measurements);
      await api.process.stop();
    }
    if (service !== null && this.wants('service')) {
      this.progress('the service beside a starter');
      await measureService(this.server, service, this.measurements);
    }
    this.measureHostile();
  }

  private measureHostile(): void {
    if (this.options.size === 'quick' || !this.wants('hostile')) return;
    this.progress('hostile bodies');
    measureHostileBodies(this.measurements);
  }

  private wants(...parts: readonly Part[]): boolean {
    return this.options.parts.length === 0 || parts.some((part) => this.options.parts.includes(part));
  }

  private async measureWorker(): Promise<void> {
    const { concurrency } = this.options;
    const [tasker, loop, ceiling, byDefault] = await Promise.all([
      this.contestants.start(TASKER, { concurrency }),
      this.contestants.start(LOOP),
      this.contestants.start(CEILING),
      this.contestants.start(TASKER),
    ]);

    const { graphs, retries, paced, flushes, idleSeconds } = this.size;
    if (this.wants('linear')) await this.measureLinear(tasker, loop, ceiling, byDefault);
    if (graphs !== null && this.wants('graphs')) await this.measureGraphs(tasker, loop, graphs);
    if (retries !== null && this.wants('retries')) {
      this.progress('retries');
      await measureRetries(tasker, retries, this.measurements);
    }
    if (paced !== null && this.wants('load')) {
      this.progress('linear: latency under load');
      await measurePacedLatency(tasker, { workload: 'linear', ...paced }, this.measurements);
    }
    for (const { process } of [loop, ceiling, byDefault]) await process.stop();
    if (flushes !== null && this.wants('idle')) {
      this.progress('flushes, idle');
      await measureFlushes(tasker, this.server, flushes, this.measurements);
      await measureIdle(tasker, idleSeconds, this.measurements);
      await measureDeadTuples(tasker, this.measurements);
    }
    await tasker.process.stop();
  }

  private async measureLinear(
    tasker: Contestant,
    loop: Contestant,
    ceiling: Contestant,
    byDefault: Contestant,
  ): Promise<void> {
    const { size } = this;
    this.progress('linear: throughput');
    await measureThroughput(
      [tasker, loop, ceiling, { ...byDefault, variant: 'default settings' }],
      { workload: 'linear', ...size.throughput },
      this.measurements,
    );
    this.progress('linear: a lone task');
    await measureLoneLatency(
      [tasker, loop, ceiling],
      { workload: 'linear', ...size.lone },
      this.measurements,
    );
  }

  private async measureGraphs(
    tasker: Contestant,
    loop: Contestant,
    { steps, rounds }: NonNullable<Size['graphs']>,
  ): Promise<void> {
    for (const name of GRAPHS) {
      this.progress(name);
      const tasks = Math.ceil(steps / workload(name).steps.length);
      const plan = { workload: name, tasks, warmUp: tasks, rounds };
      await measureThroughput([tasker, loop], plan, this.measurements);
    }
  }
}
