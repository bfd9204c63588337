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
  smoke: { finished: 2_000, waiting: 100, pairs: 1, tasks: 100, large: 3, workers: 2, freshBase: false },
  quick: {
    finished: 100_000,
    waiting: 10_000,
    pairs: 3,
    tasks: 1_000,
    large: 50,
    workers: 4,
    freshBase: true,
  },
  full: {
    finished: 1_000_000,
    waiting: 10_000,
    pairs: 5,
    tasks: 2_500,
    large: 200,
    workers: 4,
    freshBase: true,
  },
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
  const start = (): Promise<Contestant> => contestants.start(TASKER, { concurrency });
  let base: Contestant | undefined;
  /** Beside tables that are empty now: those that were used before are a little less so. */
  const compare = async (
    subject: Contestant,
    condition: string,
    prepare: (contestant: Contestant) => Promise<void> = async () => undefined,
  ): Promise<void> => {
    progress(condition);
    base ??= await start();
    for (const contestant of [base, subject]) await prepare(contestant);
    await compareCosts(base, subject, condition, size, server, measurements);
    if (!size.freshBase) return;
    await base.process.stop();
    base = undefined;
  };
  try {
    await countStatements(server.observer);
    const full = await start();
    progress(`making ${size.finished} finished tasks`);
    await withFixtures(full, (fixtures) => fixtures.finishedTasks(size.finished));
    await compare(full, `${size.finished} finished tasks, not analyzed`);
    await compare(full, `${size.finished} finished tasks, analyzed`, analyze);

    const waiting = await start();
    await withFixtures(waiting, (fixtures) => fixtures.waitingTasks(size.waiting));
    await compare(waiting, `${size.waiting} steps that wait for a retry`);
    await waiting.process.stop();

    const held = await start();
    const holder = new Client({ connectionString: held.databaseUrl });
    await holder.connect();
    for (const statement of HOLD) await holder.query(statement);
    await compare(held, 'a long transaction');
    await holder.end();
    await held.process.stop();

    const spread = await contestants.start(TASKER, { concurrency, namespaces: NAMESPACES });
    await compare(spread, `${NAMESPACES} namespaces`);
    await spread.process.stop();

    progress('results of 200 kB');
    const large = await start();
    await measureLargeResults(large, size.large, server, measurements);
    await large.process.stop();
    progress(`${size.workers} workers`);
    await measureManyWorkers(contestants, { ...size, concurrency }, measurements);

    progress('restart');
    const emptyBefore = base ?? (await start());
    await contestants.stopAll();
    server = await server.restart();
    contestants = new Contestants(server, templates.folder);
    const emptyAgain = await contestants.startOn(emptyBefore.database, { concurrency });
    const fullAgain = await contestants.startOn(full.database, { concurrency });
    const condition = `${size.finished} finished tasks, after a restart`;
    progress(condition);
    await compareCosts(emptyAgain, fullAgain, condition, size, server, measurements);
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
