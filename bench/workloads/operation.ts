import type { Operation, StepInput } from './workload.types.js';

/** The number that every task is given. */
export const TASK_NUMBER = 6;

/** After how long a flaky step wants to be tried again. */
export const RETRY_AFTER_SECONDS = 0.4;

/** The length of a large result. */
const LARGE = 200_000;

/** Each reads no more of its input than it needs, as handlers do. */
const FORMULAS: Readonly<Record<Operation, (input: StepInput) => number | string>> = {
  square: ({ number }) => number * number,
  plus_ten: (input) => only(input) + 10,
  times_three: (input) => only(input) * 3,
  half: (input) => only(input) / 2,
  // It fails before it gets here, the first time.
  flaky: ({ number }) => number * number,
  text: () => 'x'.repeat(LARGE),
  length: ({ results }) => textOf(Object.values(results)[0]).length,
  sum: ({ results }) => Object.values(results).reduce<number>((total, value) => total + numberOf(value), 1),
};

/** Throws where a result that it needs is missing or no number: the engine under test would have lost something. */
export function operate(operation: Operation, input: StepInput): number | string {
  return FORMULAS[operation](input);
}

function only({ results }: StepInput): number {
  const values = Object.values(results);
  if (values.length !== 1) throw new Error(`A step in a line has one input, not ${values.length}`);
  return numberOf(values[0]);
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`The result of a large step is a text, not ${typeof value}`);
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number')
    throw new Error(`The result of a step is a number, not ${JSON.stringify(value)}`);
  return value;
}
