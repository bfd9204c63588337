import { parseArgs } from 'node:util';

export interface Options {
  /** Numbers of scenarios; all where empty. */
  readonly scenarios: readonly number[];
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** How many seeds a scenario; null: as many as it needs to count as passed. */
  readonly seeds: number | null;
  readonly minutes: number | null;
  readonly json: string | null;
}

export const USAGE = `npm run faults -- [options]

  --scenario 1,2,…   only these (all 28 otherwise)
  --seed N           the first seed (1); a failed run prints the seed that replays it
  --seeds N          how many seeds each; without it once each, with --thorough as many as the matrix asks for
  --minutes N        start over with new seeds until so many minutes are over
  --json FILE        write [{"scenario","seed","passed","violations","figures"}] there`;

/** Reads the command line. Throws an `Error` that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      json: { type: 'string' },
    },
  });
  return {
    scenarios: (values.scenario ?? '')
      .split(',')
      .filter((item) => item !== '')
      .map((item) => wholeNumber('--scenario', item)),
    seed: wholeNumber('--seed', values.seed ?? '1'),
    seeds: values.seeds === undefined ? 1 : wholeNumber('--seeds', values.seeds),
    minutes: values.minutes === undefined ? null : wholeNumber('--minutes', values.minutes),
    json: values.json ?? null,
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${option} takes whole numbers, not "${text}"`);
  return Number(text);
}
