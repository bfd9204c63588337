import { Client } from 'pg';

import { Measurements, peakMemory } from '../measures/index.js';
import type { Measurement } from '../measures/index.js';
import type { Options } from '../options.js';
import { Contestants, TASKER } from '../scenarios/contestants.js';
import type { Contestant } from '../scenarios/contestants.js';
import { BenchServer, countStatements, COUNTING_CALLS } from '../server/index.js';
import { NAMESPACE, TemplateFiles } from '../workloads/index.js';
import { compareCosts } from './cost-comparison.js';
import { Fixtures } from './fixtures.js';
import { measureManyWorkers } from './many-workers.js';
import { measureStepCost } from './step-cost.js';

const SIZES = {
  smoke: { finished: 2_000, waiting: 100, pairs: 1, tasks: 100, large: 3, workers: 2 },
  quick: { finished: 100_000, waiting: 10_000, pairs: 3, tasks: 1_000, large: 50, workers: 4 },
  full: { finished: 1_000_000, waiting: 10_000, pairs: 5, tasks: 2_500, large: 200, workers: 4 },
} as const;

const NAMESPACES = 20;
const HOLD = ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT count(*) FROM tasker.tasks'];

/** Whether a step costs the same whatever else is in the tables and on the database. */
export async function runScale(
  options: Options,
  progress: (what: string) => void,
): Promise<readonly Measurement[]> {
  const size = SIZES[options.size];
  const measurements = new Measurements();
  // What autovacuum does at a moment of its own would be counted as the steps'.
  let server = await BenchServer.start({ ...COUNTING_CALLS, autovacuum: 'off' });
  const templates = await TemplateFiles.write(['linear', 'large'], NAMESPACES);
  let contestants = new Contestants(server, templates.folder);
  const { concurrency } = options;
  const compare = (base: Contestant, subject: Contestant, condition: string): Promise<void> => {
    progress(condition);
    return compareCosts(base, subject, condition, size, server, measurements);
  };
  try {
    await countStatements(server.observer);
    const empty = await contestants.start(TASKER, { concurrency });
    const full = await contestants.start(TASKER, { concurrency });
    progress(`making ${size.finished} finished tasks`);
    await withFixtures(full, (fixtures) => fixtures.finishedTasks(size.finished));
    await compare(empty, full, `${size.finished} finished tasks, not analyzed`);
    await analyze(empty);
    await analyze(full);
    await compare(empty, full, `${size.finished} finished tasks, analyzed`);

    const waiting = await contestants.start(TASKER, { concurrency });
    await withFixtures(waiting, (fixtures) => fixtures.waitingTasks(size.waiting));
    await compare(empty, waiting, `${size.waiting} steps that wait for a retry`);
    await waiting.process.stop();

    const held = await contestants.start(TASKER, { concurrency });
    const holder = new Client({ connectionString: held.databaseUrl });
    await holder.connect();
    for (const statement of HOLD) await holder.query(statement);
    await compare(empty, held, 'a long transaction');
    await holder.end();
    await held.process.stop();

    const spread = await contestants.start(TASKER, { concurrency, namespaces: NAMESPACES });
    await compare(empty, spread, `${NAMESPACES} namespaces`);
    await spread.process.stop();

    progress('results of 200 kB');
    await measureLargeResults(empty, size.large, server, measurements);
    progress(`${size.workers} workers`);
    await measureManyWorkers(contestants, { ...size, concurrency }, measurements);

    progress('restart');
    await contestants.stopAll();
    server = await server.restart();
    contestants = new Contestants(server, templates.folder);
    const emptyAgain = await contestants.startOn(empty.database, { concurrency });
    const fullAgain = await contestants.startOn(full.database, { concurrency });
    await compare(emptyAgain, fullAgain, `${size.finished} finished tasks, after a restart`);
    await contestants.stopAll();
    return measurements.all;
  } finally {
    contestants.killAll();
    await templates.remove();
    await server.stop();
  }
}

async function withFixtures(
  { databaseUrl }: Contestant,
  make: (fixtures: Fixtures) => Promise<void>,
): Promise<void> {
  const fixtures = await Fixtures.open(databaseUrl, NAMESPACE);
  try {
    await make(fixtures);
  } finally {
    await fixtures.close();
  }
}

async function analyze({ databaseUrl }: Contestant): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('VACUUM ANALYZE');
  await client.end();
}

async function measureLargeResults(
  contestant: Contestant,
  tasks: number,
  server: BenchServer,
  measurements: Measurements,
): Promise<void> {
  const cost = await measureStepCost(contestant, server, 'large', tasks);
  const condition = 'results of 200 kB';
  measurements.add(TASKER, condition, 'steps_per_second', cost.stepsPerSecond, '1/s');
  measurements.add(TASKER, condition, 'server_cpu_per_step', cost.cpuMilliseconds, 'ms');
  measurements.add(TASKER, condition, 'buffers_per_step', cost.buffers, '1');
  measurements.add(TASKER, condition, 'peak_memory', await peakMemory(contestant.process.pid), 'MiB');
}
