import { chmod, rm } from 'node:fs/promises';

import { Client } from 'pg';

import { EmbeddedPostgres } from '../../src/database/index.js';
import { median, peakMemory } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';
import type { BenchServer } from '../server/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { buildStarter, driveHttp, ServiceProcess } from '../service/index.js';
import type { ServiceLaunch } from '../service/index.js';
import { TASKER } from './contestants.js';

const STARTER = 'starter';
const MAIN = new URL('../../dist/main.js', import.meta.url);
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

const TASK = {
  namespace: 'linear_workflow',
  name: 'mathematical_sequence',
  version: '1.0.0',
  context: { even_number: 6 },
};

export interface ServicePlan {
  readonly rounds: number;
  readonly seconds: number;
}

/** The shipped service beside a new Nest project: how soon they are ready, what they answer, and the memory they take. */
export async function measureService(
  server: BenchServer,
  plan: ServicePlan,
  measurements: Measurements,
): Promise<void> {
  const starterFile = await buildStarter();
  await measureStarts(starterFile, plan, measurements);
  await measureRequests(server, starterFile, plan, measurements);
}

async function measureStarts(
  starterFile: URL,
  { rounds }: ServicePlan,
  measurements: Measurements,
): Promise<void> {
  const folder = await temporaryFolder('start');
  try {
    // As root the server runs as another user, who has to get in.
    await chmod(folder, 0o755);
    const own: number[] = [];
    const starters: number[] = [];
    const databases: number[] = [];
    // The first round makes the data, and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const service = await ServiceProcess.start(serviceLaunch({ TASKER_DATA_DIR: folder }));
      await service.stop();
      const starter = await ServiceProcess.start(starterLaunch(starterFile, {}));
      await starter.stop();
      const begin = performance.now();
      const database = await EmbeddedPostgres.start({
        dataDir: folder,
        dataDirIsGiven: true,
        logger: SILENT,
      });
      const databaseMilliseconds = performance.now() - begin;
      await database.stop();
      if (round === 0) continue;
      own.push(service.startMilliseconds);
      starters.push(starter.startMilliseconds);
      databases.push(databaseMilliseconds);
    }
    measurements.add(TASKER, 'start', 'start_to_ready', median(own), 'ms');
    measurements.add(STARTER, 'start', 'start_to_ready', median(starters), 'ms');
    measurements.add('postgresql', 'start', 'start_to_ready', median(databases), 'ms');
    const ratios = own.map((value, index) => value / ((starters[index] ?? 0) + (databases[index] ?? 0)));
    measurements.add(TASKER, 'start', 'start_ratio_to_starter_and_database', median(ratios), 'ratio');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureRequests(
  server: BenchServer,
  starterFile: URL,
  { rounds, seconds }: ServicePlan,
  measurements: Measurements,
): Promise<void> {
  const rowsUrl = await server.createDatabase('bench_rows');
  await makeRows(rowsUrl);
  const services = [
    // Nothing but submits: whoever runs the steps is elsewhere.
    await ServiceProcess.start(
      serviceLaunch({ DATABASE_URL: await server.createDatabase('bench_api'), TASKER_ROLE: 'api' }),
    ),
    await ServiceProcess.start(starterLaunch(starterFile, { DATABASE_URL: rowsUrl })),
    await ServiceProcess.start(serviceLaunch({ DATABASE_URL: await server.createDatabase('bench_all') })),
  ] as const;
  const [api, starter, all] = services;
  try {
    const ownRates: number[] = [];
    const starterRates: number[] = [];
    const fullRates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ownRates.push(await driveHttp({ url: `${api.url}/v1/tasks`, seconds, body: TASK }));
      starterRates.push(await driveHttp({ url: `${starter.url}/rows`, seconds, body: TASK }));
      fullRates.push(await driveHttp({ url: `${all.url}/v1/tasks`, seconds, body: TASK }));
    }
    measurements.add(TASKER, 'rest', 'submits_per_second', median(ownRates), '1/s');
    measurements.add(TASKER, 'rest', 'submits_per_second_while_running_them', median(fullRates), '1/s');
    measurements.add(STARTER, 'rest', 'inserts_per_second', median(starterRates), '1/s');
    const ratios = ownRates.map((rate, index) => rate / (starterRates[index] ?? Number.NaN));
    measurements.add(TASKER, 'rest', 'submits_ratio_to_starter_inserts', median(ratios), 'ratio');
    await driveHttp({ url: starter.url, seconds });
    const [ownMemory, starterMemory] = [await peakMemory(all.pid), await peakMemory(starter.pid)];
    measurements.add(TASKER, 'rest', 'peak_memory_under_load', ownMemory, 'MiB');
    measurements.add(STARTER, 'rest', 'peak_memory_under_load', starterMemory, 'MiB');
    measurements.add(TASKER, 'rest', 'memory_ratio_to_starter', ownMemory / starterMemory, 'ratio');
  } finally {
    for (const service of services) await service.stop();
  }
}

async function makeRows(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('CREATE TABLE rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, context jsonb)');
  await client.end();
}

function serviceLaunch(environment: Readonly<Record<string, string>>): ServiceLaunch {
  return { file: MAIN, readyPath: '/health/ready', environment };
}

function starterLaunch(file: URL, environment: Readonly<Record<string, string>>): ServiceLaunch {
  return { file, readyPath: '/', environment };
}
