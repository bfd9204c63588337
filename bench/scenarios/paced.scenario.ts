import type { Measurements } from '../measures/index.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Contestant } from './contestants.js';
import { addLatencies } from './latency.scenario.js';

export interface PacedPlan {
  readonly workload: WorkloadName;
  /** Tasks that show how many a second the engine can take at most. */
  readonly burst: number;
  readonly seconds: number;
}

/**
 * Latencies while tasks come one by one, at half and at four fifths of what the engine can take that way. That is less than it
 * can take in bulk: each task is a transaction of its own.
 */
export async function measurePacedLatency(
  { name, process }: Contestant,
  { workload, burst, seconds }: PacedPlan,
  measurements: Measurements,
): Promise<void> {
  const all = await process.runPaced({ workload, tasks: burst, tasksPerSecond: Number.MAX_SAFE_INTEGER });
  const saturated = burst / (Math.max(...all) / 1000);
  measurements.add(name, workload, 'saturated_tasks_per_second_one_by_one', saturated, '1/s');
  for (const percent of [50, 80]) {
    const tasksPerSecond = (saturated * percent) / 100;
    const tasks = Math.ceil(tasksPerSecond * seconds);
    const latencies = await process.runPaced({ workload, tasks, tasksPerSecond });
    addLatencies(measurements, name, workload, `task_at_${percent}_percent`, latencies);
  }
}
