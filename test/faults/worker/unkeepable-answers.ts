/** Answers of handlers that no step can keep, by name. */
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
  'not an error': () => {
    // oxlint-disable-next-line no-throw-literal, only-throw-error
    throw 'a string';
  },
  'never settles': () => new Promise(() => undefined),
} as const;

export const UNKEEPABLE_ANSWERS = Object.keys(ANSWERS);

export function unkeepableAnswer(name: unknown): unknown {
  const answer = Object.entries(ANSWERS).find(([one]) => one === name);
  if (answer === undefined) throw new Error(`No answer is called ${JSON.stringify(name)}`);
  return answer[1]();
}
