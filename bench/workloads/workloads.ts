import { operate, TASK_NUMBER } from './operation.js';
import type { Operation, Workload, WorkloadName, WorkloadStep } from './workload.types.js';

const FAN_WIDTH = 100;
const CHAIN_LENGTH = 1_000;

function step(name: string, operation: Operation, ...dependencies: readonly string[]): WorkloadStep {
  return { name, operation, dependencies };
}

const FAN_BRANCHES = Array.from({ length: FAN_WIDTH }, (_, branch) => `branch_${branch}`);

const GRAPHS: Readonly<Record<WorkloadName, readonly WorkloadStep[]>> = {
  linear: [
    step('square', 'square'),
    step('add', 'plus_ten', 'square'),
    step('multiply', 'times_three', 'add'),
    step('divide', 'half', 'multiply'),
  ],
  diamond: [
    step('start', 'square'),
    step('left', 'sum', 'start'),
    step('right', 'sum', 'start'),
    step('end', 'sum', 'left', 'right'),
  ],
  tree: [
    step('root', 'square'),
    step('left', 'sum', 'root'),
    step('right', 'sum', 'root'),
    step('left_first', 'sum', 'left'),
    step('left_second', 'sum', 'left'),
    step('right_first', 'sum', 'right'),
    step('right_second', 'sum', 'right'),
    step('end', 'sum', 'left_first', 'left_second', 'right_first', 'right_second'),
  ],
  mixed: [
    step('init', 'square'),
    step('left', 'sum', 'init'),
    step('right', 'sum', 'init'),
    step('validate', 'sum', 'left', 'right'),
    step('transform', 'sum', 'left'),
    step('analyze', 'sum', 'right'),
    step('finalize', 'sum', 'validate', 'transform', 'analyze'),
  ],
  fan: [
    step('start', 'square'),
    ...FAN_BRANCHES.map((branch) => step(branch, 'sum', 'start')),
    step('join', 'sum', ...FAN_BRANCHES),
  ],
  retry: [step('try', 'flaky')],
  large: [step('write', 'text'), step('measure', 'length', 'write')],
  chain: [
    step('step_0', 'square'),
    ...Array.from({ length: CHAIN_LENGTH - 1 }, (_, before) =>
      step(`step_${before + 1}`, 'sum', `step_${before}`),
    ),
  ],
};

/** The workload of this name. */
export function workload(name: WorkloadName): Workload {
  const steps = GRAPHS[name];
  const failures = steps.filter(({ operation }) => operation === 'flaky').length;
  return { name, steps, result: lastResult(steps), failures };
}

function lastResult(steps: readonly WorkloadStep[]): number {
  const results = new Map<string, number | string>();
  let last: number | string = 0;
  for (const { name, operation, dependencies } of steps) {
    const inputs = Object.fromEntries(
      dependencies.map((parent) => [parent, results.get(parent) ?? Number.NaN]),
    );
    last = operate(operation, { number: TASK_NUMBER, results: inputs });
    results.set(name, last);
  }
  return Number(last);
}
