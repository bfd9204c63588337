import type { Operation, StepInput } from './workload.types.js';

/** The number that every task is given. */
export const TASK_NUMBER = 6;

/** After how long a flaky step wants to be tried again. */
export const RETRY_AFTER_SECONDS = 0.4;

/** The length of a large result. */
const LARGE = 200_000;

const FORMULAS: Readonly<Record<Operation, (number: number, values: readonly unknown[]) => number | string>> =
  {
    square: (number) => number * number,
    plus_ten: (_, values) => only(values) + 10,
    times_three: (_, values) => only(values) * 3,
    half: (_, values) => only(values) / 2,
    // It fails before it gets here, the first time.
    flaky: (number) => number * number,
    text: () => 'x'.repeat(LARGE),
    length: (_, values) => String(values[0]).length,
    sum: (_, values) => values.reduce<number>((total, value) => total + numberOf(value), 1),
  };

/** Throws where a result that it needs is missing or no number: the engine under test would have lost something. */
export function operate(operation: Operation, { number, results }: StepInput): number | string {
  return FORMULAS[operation](number, Object.values(results));
}

function only(values: readonly unknown[]): number {
  if (values.length !== 1) throw new Error(`A step in a line has one input, not ${values.length}`);
  return numberOf(values[0]);
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number')
    throw new Error(`The result of a step is a number, not ${JSON.stringify(value)}`);
  return value;
}
