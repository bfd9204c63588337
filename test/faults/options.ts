import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface Options {
  readonly what: 'scenarios' | 'proof' | 'soak' | 'help';
  /** Numbers of scenarios; all where empty. */
  readonly scenarios: readonly number[];
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** How many seeds a scenario; null: as many as it needs to count as passed. */
  readonly seeds: number | null;
  readonly minutes: number | null;
  readonly lanes: number;
  readonly untimed: boolean;
  readonly json: string | null;
}

export const USAGE = `npm run faults -- [options]

  --scenario 1,2,…   only these (all 28 otherwise)
  --seed N           the first seed (1); a failed run prints the seed that replays it
  --seeds N          how many seeds each (1)
  --thorough         as many seeds each as the matrix asks for: 20, or 3
  --minutes N        start over with new seeds until so many minutes are over
  --lanes N          how many runs at a time, each lane with a server of its own (the number of cores)
  --untimed          tell what was measured, and hold it against no bound: for busy machines
  --json FILE        write [{"scenario","seed","passed","violations","figures"}] there
  --prove            put in one defect after the other: a scenario must fail with it, and pass without; with --scenario
                     those defects that these are to notice
  --soak             all faults at random over mixed workflows, for --minutes (30)`;

/** Reads the command line. Throws an `Error` that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      thorough: { type: 'boolean' },
      minutes: { type: 'string' },
      lanes: { type: 'string' },
      untimed: { type: 'boolean' },
      json: { type: 'string' },
      prove: { type: 'boolean' },
      soak: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const number = (option: 'seed' | 'seeds' | 'minutes' | 'lanes'): number | null =>
    values[option] === undefined ? null : wholeNumber(`--${option}`, values[option]);
  return {
    what: values.help ? 'help' : values.prove ? 'proof' : values.soak ? 'soak' : 'scenarios',
    scenarios: (values.scenario ?? '')
      .split(',')
      .filter((item) => item !== '')
      .map((item) => wholeNumber('--scenario', item)),
    seed: number('seed') ?? 1,
    seeds: values.thorough ? null : (number('seeds') ?? 1),
    minutes: number('minutes'),
    lanes: Math.max(1, number('lanes') ?? availableParallelism()),
    untimed: values.untimed === true,
    json: values.json ?? null,
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${option} takes whole numbers, not "${text}"`);
  return Number(text);
}
