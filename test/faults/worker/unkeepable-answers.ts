import { once } from 'node:events';

import type { TaskSequenceStep } from '../../../src/index.js';

function* nothing(): Generator<never, void> {}

/** Answers of handlers that no step can keep, and other ways not to answer, by name. */
const ANSWERS = {
  nul: () => 'a\0b',
  bigint: () => ({ n: 1n }),
  cycle: () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return cycle;
  },
  undefined: () => ({ a: undefined }),
  huge: () => 'x'.repeat(50_000_000),
  'throws a text': () => nothing().throw('a text'),
  'never settles': () => new Promise(() => undefined),
  'rejects after its timeout': async (step: TaskSequenceStep) => {
    await once(step.signal, 'abort');
    await new Promise((resolve) => setTimeout(resolve, 200));
    throw new Error('too late');
  },
} as const satisfies Readonly<Record<string, (step: TaskSequenceStep) => unknown>>;

/** The code of the error that each of them ends its step with. */
export const UNKEEPABLE_ANSWERS: Readonly<Record<keyof typeof ANSWERS, string>> = {
  nul: 'INVALID_RESULT',
  bigint: 'INVALID_RESULT',
  cycle: 'INVALID_RESULT',
  undefined: 'INVALID_RESULT',
  huge: 'RESULT_TOO_LARGE',
  'throws a text': 'HANDLER_ERROR',
  'never settles': 'TIMEOUT',
  'rejects after its timeout': 'TIMEOUT',
};

export function unkeepableAnswer(name: unknown, step: TaskSequenceStep): unknown {
  const answer = Object.entries(ANSWERS).find(([one]) => one === name);
  if (answer === undefined) throw new Error(`No answer is called ${JSON.stringify(name)}`);
  return answer[1](step);
}
