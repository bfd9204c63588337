import { median } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';
import { TASKER } from '../scenarios/contestants.js';
import type { Contestant } from '../scenarios/contestants.js';
import type { BenchServer } from '../server/index.js';
import { measureStepCost } from './step-cost.js';
import type { StepCost } from './step-cost.js';

export interface ComparisonPlan {
  readonly pairs: number;
  readonly tasks: number;
}

/** Runs linear tasks on both in turn, and reports what a step costs on `subject` as a ratio to `base`. */
export async function compareCosts(
  base: Contestant,
  subject: Contestant,
  condition: string,
  { pairs, tasks }: ComparisonPlan,
  server: BenchServer,
  measurements: Measurements,
): Promise<void> {
  // A tenth: enough to compile the code, and the tables that are to be empty stay so.
  const warmUp = Math.ceil(tasks / 10);
  for (const { process } of [base, subject]) {
    await process.run({ workload: 'linear', tasks: warmUp });
    await process.check();
  }
  const bases: StepCost[] = [];
  const subjects: StepCost[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    bases.push(await measureStepCost(base, server, 'linear', tasks));
    subjects.push(await measureStepCost(subject, server, 'linear', tasks));
  }
  const add = (metric: string, unit: string, of: (cost: StepCost) => number): void => {
    const ratios = subjects.map((cost, pair) => of(cost) / of(bases[pair] ?? cost));
    measurements.add(TASKER, condition, metric, median(subjects.map(of)), unit);
    measurements.add(TASKER, condition, `${metric}_ratio_to_empty_tables`, median(ratios), 'ratio');
  };
  add('steps_per_second', '1/s', (cost) => cost.stepsPerSecond);
  add('server_cpu_per_step', 'ms', (cost) => cost.cpuMilliseconds);
  add('buffers_per_step', '1', (cost) => cost.buffers);
}
