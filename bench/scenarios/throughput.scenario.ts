import { median } from '../measures/index.js';
import type { Measurements, ResourceUse } from '../measures/index.js';
import { workload } from '../workloads/index.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Contestant } from './contestants.js';

export interface ThroughputPlan {
  readonly workload: WorkloadName;
  readonly tasks: number;
  readonly rounds: number;
  /** Tasks before the first round, so that code is compiled and caches are filled. */
  readonly warmUp: number;
}

interface Round {
  readonly stepsPerSecond: number;
  readonly submitPerSecond: number;
  readonly use: ResourceUse;
}

/**
 * Runs the engines in turn, one at a time, round after round, and reports the medians. Ratios are those of the rounds, so that
 * what the machine does meanwhile strikes both sides.
 */
export async function measureThroughput(
  contestants: readonly Contestant[],
  plan: ThroughputPlan,
  measurements: Measurements,
): Promise<void> {
  for (const { process } of contestants) await process.run({ workload: plan.workload, tasks: plan.warmUp });
  const rounds = new Map(contestants.map((contestant): [Contestant, Round[]] => [contestant, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [contestant, done] of rounds) done.push(await runRound(contestant, plan));
  }
  for (const [contestant, done] of rounds) report(contestant, plan, done, measurements);
  const [[first, own] = [undefined, []], ...others] = rounds;
  for (const [{ name }, theirs] of others) {
    const ratios = own.map(
      (round, index) => round.stepsPerSecond / (theirs[index]?.stepsPerSecond ?? Number.NaN),
    );
    measurements.add(
      first?.name ?? '',
      plan.workload,
      `steps_per_second_ratio_to_${name}`,
      median(ratios),
      'ratio',
    );
  }
}

async function runRound({ process, meter }: Contestant, plan: ThroughputPlan): Promise<Round> {
  const { result, use } = await meter.during(() =>
    process.run({ workload: plan.workload, tasks: plan.tasks }),
  );
  return {
    stepsPerSecond: (plan.tasks * workload(plan.workload).steps.length) / result.seconds,
    submitPerSecond: plan.tasks / result.submitSeconds,
    use,
  };
}

function report(
  { name, variant }: Contestant,
  plan: ThroughputPlan,
  rounds: readonly Round[],
  measurements: Measurements,
): void {
  const block = variant === undefined ? plan.workload : `${plan.workload}, ${variant}`;
  const thousands = (plan.tasks * workload(plan.workload).steps.length) / 1_000;
  const add = (metric: string, unit: string, value: (round: Round) => number): void =>
    measurements.add(name, block, metric, median(rounds.map(value)), unit);
  add('steps_per_second', '1/s', (round) => round.stepsPerSecond);
  add('submitted_tasks_per_second', '1/s', (round) => round.submitPerSecond);
  add('engine_cpu_per_1000_steps', 's', ({ use }) => use.engineCpuSeconds / thousands);
  add('server_cpu_per_1000_steps', 's', ({ use }) => use.serverCpuSeconds / thousands);
  add('wal_bytes_per_1000_steps', 'B', ({ use }) => use.walBytes / thousands);
  add('commits_per_1000_steps', '1', ({ use }) => use.commits / thousands);
}
