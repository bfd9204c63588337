import { median, percentile } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';
import type { WorkloadName } from '../workloads/index.js';
import type { Contestant } from './contestants.js';
import { inTurn, orderOf, partOf } from './turn.js';

export interface LatencyPlan {
  readonly workload: WorkloadName;
  readonly tasks: number;
  readonly rounds: number;
  /** Tasks at the beginning of each turn that are not measured: the turns of others may have been long. */
  readonly warmUp: number;
}

/** Tasks one after another, nothing else under way; engines take turns. */
export async function measureLoneLatency(
  contestants: readonly Contestant[],
  plan: LatencyPlan,
  measurements: Measurements,
): Promise<void> {
  const rounds = new Map(
    contestants.map((contestant): [Contestant, (readonly number[])[]] => [contestant, []]),
  );
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [contestant, done] of orderOf([...rounds], round)) done.push(await runTurn(contestant, plan));
  }
  for (const [{ name }, done] of rounds) {
    addLatencies(measurements, name, plan.workload, 'lone_task', done.flat());
  }
  const [[first, own] = [undefined, []], ...others] = rounds;
  for (const [{ name }, theirs] of others) {
    const ratios = own.map((latencies, index) => median(latencies) / median(theirs[index] ?? []));
    measurements.add(
      first?.name ?? '',
      plan.workload,
      `lone_task_p50_ratio_to_${name}`,
      median(ratios),
      'ratio',
    );
  }
}

function runTurn(contestant: Contestant, plan: LatencyPlan): Promise<readonly number[]> {
  const { process, loneShare } = contestant;
  const runAlone = (tasks: number): Promise<readonly number[]> =>
    process.runAlone({ workload: plan.workload, tasks: partOf(tasks, loneShare) });
  return inTurn(contestant, async () => {
    await runAlone(plan.warmUp);
    return runAlone(plan.tasks);
  });
}

export function addLatencies(
  measurements: Measurements,
  engine: string,
  workload: string,
  metric: string,
  latencies: readonly number[],
): void {
  for (const [name, share] of [
    ['p50', 0.5],
    ['p95', 0.95],
    ['p99', 0.99],
  ] as const) {
    measurements.add(engine, workload, `${metric}_${name}`, percentile(latencies, share), 'ms');
  }
}
