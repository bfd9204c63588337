import { median } from '../measures/index.js';
import type { Measurements, ResourceUse } from '../measures/index.js';
import { workload } from '../workloads/index.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Contestant } from './contestants.js';
import { inTurn, orderOf, partOf } from './turn.js';

export interface ThroughputPlan {
  readonly workload: WorkloadName;
  readonly tasks: number;
  readonly rounds: number;
  /** Tasks before the first round, so that code is compiled and caches are filled. */
  readonly warmUp: number;
}

interface Round {
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly submitPerSecond: number;
  readonly use: ResourceUse;
}

/**
 * Runs the engines in turn, one at a time, round after round, and reports the medians. Ratios, of the first one to each other
 * one, are those of the rounds, so that what the machine does meanwhile strikes both sides.
 */
export async function measureThroughput(
  contestants: readonly Contestant[],
  plan: ThroughputPlan,
  measurements: Measurements,
): Promise<void> {
  for (const contestant of contestants) {
    const tasks = partOf(plan.warmUp, contestant.share);
    await runChecked(contestant, () => contestant.process.run({ workload: plan.workload, tasks }));
  }
  const rounds = new Map(contestants.map((contestant): [Contestant, Round[]] => [contestant, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [contestant, done] of orderOf([...rounds], round)) done.push(await runRound(contestant, plan));
  }
  for (const [contestant, done] of rounds) report(contestant, plan, done, measurements);
  const [first, ...others] = [...rounds];
  if (first === undefined) return;
  for (const other of others) {
    if (other[0].variant === undefined) compare(first, other, plan, measurements);
  }
}

async function runRound(contestant: Contestant, plan: ThroughputPlan): Promise<Round> {
  const { process, meter } = contestant;
  const tasks = partOf(plan.tasks, contestant.share);
  const steps = tasks * workload(plan.workload).steps.length;
  const { result, use } = await runChecked(contestant, () =>
    meter.during(() => process.run({ workload: plan.workload, tasks })),
  );
  return {
    steps,
    stepsPerSecond: steps / result.seconds,
    submitPerSecond: tasks / result.submitSeconds,
    use,
  };
}

function runChecked<T>(contestant: Contestant, run: () => Promise<T>): Promise<T> {
  return inTurn(contestant, async () => {
    const result = await run();
    await contestant.process.check();
    return result;
  });
}

function report(
  { name, variant }: Contestant,
  plan: ThroughputPlan,
  rounds: readonly Round[],
  measurements: Measurements,
): void {
  const block = variant === undefined ? plan.workload : `${plan.workload}, ${variant}`;
  const add = (metric: string, unit: string, value: (round: Round) => number): void =>
    measurements.add(name, block, metric, median(rounds.map(value)), unit);
  const addPerThousand = (metric: string, unit: string, value: (use: ResourceUse) => number): void =>
    add(metric, unit, ({ use, steps }) => (value(use) / steps) * 1_000);
  add('steps_per_second', '1/s', ({ stepsPerSecond }) => stepsPerSecond);
  add('submitted_tasks_per_second', '1/s', ({ submitPerSecond }) => submitPerSecond);
  addPerThousand('engine_cpu_per_1000_steps', 's', ({ engineCpuSeconds }) => engineCpuSeconds);
  addPerThousand('server_cpu_per_1000_steps', 's', ({ serverCpuSeconds }) => serverCpuSeconds);
  addPerThousand('wal_bytes_per_1000_steps', 'B', ({ walBytes }) => walBytes);
  addPerThousand('commits_per_1000_steps', '1', ({ commits }) => commits);
}

function compare(
  [{ name }, own]: readonly [Contestant, readonly Round[]],
  [other, theirs]: readonly [Contestant, readonly Round[]],
  plan: ThroughputPlan,
  measurements: Measurements,
): void {
  const add = (metric: string, of: (round: Round) => number): void => {
    const ratios = own.flatMap((round, index) => {
      const their = theirs[index];
      return their === undefined ? [] : [of(round) / of(their)];
    });
    measurements.add(name, plan.workload, `${metric}_ratio_to_${other.name}`, median(ratios), 'ratio');
  };
  add('steps_per_second', ({ stepsPerSecond }) => stepsPerSecond);
  // A busy machine changes this one less.
  add('steps_per_cpu_second', ({ steps, use }) => steps / (use.engineCpuSeconds + use.serverCpuSeconds));
}
