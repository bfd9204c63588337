/** Other engines beside the service: `npm run bench:peers`. */
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

import { Measurements } from '../measures/index.js';
import { tellFailure } from '../failure.teller.js';
import { PEERS, readOptions, USAGE } from '../options.js';
import type { Options, Peer } from '../options.js';
import { assertWritable, writeResults } from '../results.file.js';
import { tableOf } from '../report/text.table.js';
import { Contestants, TASKER } from '../scenarios/contestants.js';
import type { Contestant } from '../scenarios/contestants.js';
import { measureLoneLatency } from '../scenarios/latency.scenario.js';
import { measureThroughput } from '../scenarios/throughput.scenario.js';
import { BenchServer } from '../server/index.js';
import { TemplateFiles } from '../workloads/index.js';

/** The peers, each with the part of a round's tasks that it is given, and of those one after another. */
const SHARES: Readonly<Record<Peer, Pick<Contestant, 'share' | 'loneShare'>>> = {
  'pg-boss': { share: 1 },
  'graphile-worker': { share: 0.1 },
  dbos: { share: 0.07 },
  absurd: { share: 0.07 },
  // A second each: it polls.
  openworkflow: { share: 0.07, loneShare: 0.15 },
};

const SIZES = {
  smoke: { throughput: { tasks: 200, rounds: 1, warmUp: 50 }, lone: { tasks: 2, rounds: 1, warmUp: 1 } },
  quick: {
    throughput: { tasks: 5_000, rounds: 3, warmUp: 3_000 },
    lone: { tasks: 10, rounds: 2, warmUp: 3 },
  },
  full: {
    throughput: { tasks: 10_000, rounds: 5, warmUp: 5_000 },
    lone: { tasks: 60, rounds: 5, warmUp: 20 },
  },
} as const;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (process.argv.includes('--help')) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const options = givenOptions();
await assertWritable(options.json).catch((error: unknown) => process.exit(tellFailure(error)));
const size = SIZES[options.size];
const measurements = new Measurements();
const server = await BenchServer.start();
const templates = await TemplateFiles.write(['linear']);
const contestants = new Contestants(server, templates.folder, options.profile);

function givenOptions(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    return process.exit(tellFailure(error));
  }
}

async function startPeer(name: Peer): Promise<Contestant | null> {
  const folder = new URL(`./${name}/`, import.meta.url);
  try {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
    const file = new URL('peer.process.ts', folder);
    const contestant = await contestants.startFile(name, file, {});
    return { ...contestant, ...SHARES[name] };
  } catch (error) {
    process.stderr.write(`${name} is left out: ${String(error)}\n`);
    return null;
  }
}

try {
  const running = [await contestants.start(TASKER, { concurrency: options.concurrency })];
  for (const name of PEERS) {
    if (options.peers.length > 0 && !options.peers.includes(name)) continue;
    const contestant = await startPeer(name);
    if (contestant !== null) running.push(contestant);
  }
  await measureThroughput(running, { workload: 'linear', ...size.throughput }, measurements);
  await measureLoneLatency(running, { workload: 'linear', ...size.lone }, measurements);
  await contestants.stopAll();
  process.stdout.write(`${tableOf(measurements.all)}\n`);
  await writeResults(options.json, measurements.all);
} finally {
  contestants.killAll();
  await templates.remove();
  await server.stop();
}
