import { Measurements } from './measures/index.js';
import type { Measurement } from './measures/index.js';
import type { Options } from './options.js';
import { CEILING, Contestants, LOOP, TASKER } from './scenarios/contestants.js';
import { measureLoneLatency } from './scenarios/latency.scenario.js';
import { measureThroughput } from './scenarios/throughput.scenario.js';
import { BenchServer, COUNTING, countStatements, writeStatements } from './server/index.js';
import { TemplateFiles } from './workloads/index.js';

const SIZES = {
  smoke: { tasks: 200, rounds: 1, warmUp: 50, lone: 5 },
  quick: { tasks: 5_000, rounds: 3, warmUp: 2_000, lone: 60 },
  full: { tasks: 15_000, rounds: 5, warmUp: 5_000, lone: 100 },
} as const;

export async function runBench(options: Options): Promise<readonly Measurement[]> {
  const size = SIZES[options.size];
  const measurements = new Measurements();
  const server = await BenchServer.start(options.profile === null ? {} : COUNTING);
  const templates = await TemplateFiles.write();
  const contestants = new Contestants(server, templates.folder, options.profile);
  try {
    if (options.profile !== null) await countStatements(server.observer);
    const three = [
      await contestants.start(TASKER, options.concurrency),
      await contestants.start(LOOP),
      await contestants.start(CEILING),
    ];
    await measureThroughput(three, { workload: 'linear', ...size }, measurements);
    await measureLoneLatency(
      three,
      { workload: 'linear', tasks: size.lone, rounds: size.rounds, warmUp: size.lone },
      measurements,
    );
    if (options.profile !== null) await writeStatements(server.observer, options.profile);
    await contestants.stopAll();
    return measurements.all;
  } finally {
    contestants.killAll();
    await templates.remove();
    await server.stop();
  }
}
