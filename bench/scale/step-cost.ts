import type { Contestant } from '../scenarios/contestants.js';
import type { BenchServer } from '../server/index.js';
import { workload } from '../workloads/index.js';
import type { WorkloadName } from '../workloads/index.js';

/** What a step has cost, from its submit to its record. */
export interface StepCost {
  readonly stepsPerSecond: number;
  /** Of PostgreSQL, with all that works for it. */
  readonly cpuMilliseconds: number;
  /** Shared buffers that the engine's own calls have touched. */
  readonly buffers: number;
}

const RESET = 'SELECT pg_stat_statements_reset()';
const BUFFERS = `SELECT coalesce(sum(s.shared_blks_hit + s.shared_blks_read), 0)::float8 AS count
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname = $1 AND s.toplevel AND s.query LIKE 'SELECT % FROM tasker.%(%'`;

export async function measureStepCost(
  { process, meter, database }: Contestant,
  server: BenchServer,
  name: WorkloadName,
  tasks: number,
): Promise<StepCost> {
  const steps = tasks * workload(name).steps.length;
  await server.observer.query(RESET);
  const { result, use } = await meter.during(() => process.run({ workload: name, tasks }));
  const { rows } = await server.observer.query<{ count: number }>(BUFFERS, [database]);
  await process.check();
  return {
    stepsPerSecond: steps / result.seconds,
    cpuMilliseconds: (use.serverCpuSeconds * 1000) / steps,
    buffers: (rows[0]?.count ?? Number.NaN) / steps,
  };
}
