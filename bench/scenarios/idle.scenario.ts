import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import type { Measurements } from '../measures/index.js';
import type { BenchServer } from '../server/index.js';
import type { Contestant } from './contestants.js';

/** After so long an idle connection has told PostgreSQL's statistics what it has done. */
const STATISTICS_SETTLE_MS = 11_000;
/** For how long V8 still tidies up after the last work. */
const HEAP_SETTLE_MS = 20_000;

const FLUSHES = `SELECT sum(fsyncs)::float8 AS count FROM pg_stat_io WHERE object = 'wal'`;
const TUPLES = `SELECT
    (sum(t.n_tup_upd + t.n_tup_del) / (SELECT count(*) FROM tasker.steps WHERE state = 4) * 1000)::float8 AS dead,
    (sum(t.n_tup_hot_upd) / sum(t.n_tup_upd))::float8 AS in_place
  FROM pg_stat_user_tables t WHERE t.schemaname = 'tasker'`;

/** The write-ahead log's flushes that a lone task costs. They are counted when PostgreSQL's statistics have settled. */
export async function measureFlushes(
  { name, process }: Contestant,
  server: BenchServer,
  tasks: number,
  measurements: Measurements,
): Promise<void> {
  await delay(STATISTICS_SETTLE_MS);
  const before = await readCount(server, FLUSHES);
  await process.runAlone({ workload: 'linear', tasks });
  await delay(STATISTICS_SETTLE_MS);
  const after = await readCount(server, FLUSHES);
  measurements.add(name, 'linear', 'wal_flushes_per_lone_task', (after - before) / tasks, '1');
}

/** What a worker costs while there is nothing to do. */
export async function measureIdle(
  { name, process, meter }: Contestant,
  seconds: number,
  measurements: Measurements,
): Promise<void> {
  await delay(HEAP_SETTLE_MS);
  const before = await process.queries();
  const { use } = await meter.during(() => delay(seconds * 1000));
  const after = await process.queries();
  measurements.add(name, 'idle', 'queries_per_second', (after - before) / seconds, '1/s');
  measurements.add(name, 'idle', 'engine_cpu_share_of_a_core', use.engineCpuSeconds / seconds, '1');
  measurements.add(name, 'idle', 'server_cpu_share_of_a_core', use.serverCpuSeconds / seconds, '1');
}

/** The row versions that steps leave behind for vacuum, over all that this engine's database has seen. */
export async function measureDeadTuples(
  { name, databaseUrl }: Contestant,
  measurements: Measurements,
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ dead: number; in_place: number }>(TUPLES);
    measurements.add(name, 'all', 'dead_tuples_per_1000_steps', rows[0]?.dead ?? Number.NaN, '1');
    measurements.add(name, 'all', 'share_of_heap_only_updates', rows[0]?.in_place ?? Number.NaN, '1');
  } finally {
    await client.end();
  }
}

async function readCount(server: BenchServer, query: string): Promise<number> {
  const { rows } = await server.observer.query<{ count: number }>(query);
  return rows[0]?.count ?? Number.NaN;
}
