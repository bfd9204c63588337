import { availableParallelism } from 'node:os';

import { UsageError } from '../../src/cli/command-line.errors.js';
import { parseCommandLine } from '../../src/cli/command-line.parser.js';

export interface Options {
  readonly what: 'scenarios' | 'proof' | 'soak' | 'help';
  /** Numbers of scenarios; all where empty. */
  readonly scenarios: readonly number[];
  /** Only what `npm test` leaves out. */
  readonly rest: boolean;
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** How many seeds a scenario; null: as many as it needs to count as passed. */
  readonly seeds: number | null;
  readonly minutes: number | null;
  readonly lanes: number;
  readonly untimed: boolean;
  readonly json: string | null;
}

const HELP = '--help';

export const USAGE = `npm run faults -- [options]

  --scenario 1,2,…   only these (all 28 otherwise)
  --rest             those that "npm test" does not run, apart from the two that measure speed
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

/**
 * Reads the command line.
 *
 * @param known the numbers of the scenarios that there are
 * @throws UsageError saying what is wrong with it, and what would be right
 */
export function readOptions(args: readonly string[], known: readonly number[]): Options {
  const { values, positionals } = parseCommandLine(
    args.filter((word) => word !== HELP),
    {
      scenario: { type: 'string' },
      rest: { type: 'boolean' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      thorough: { type: 'boolean' },
      minutes: { type: 'string' },
      lanes: { type: 'string' },
      untimed: { type: 'boolean' },
      json: { type: 'string' },
      prove: { type: 'boolean' },
      soak: { type: 'boolean' },
    },
  );
  if (positionals.length > 0)
    throw new UsageError(`"${positionals.join(' ')}": expected flags alone, such as --scenario 1,2`);
  const number = (option: 'seed' | 'seeds' | 'minutes' | 'lanes'): number | null =>
    values[option] === undefined ? null : wholeNumber(`--${option}`, values[option]);
  return {
    what: args.includes(HELP) ? 'help' : values.prove ? 'proof' : values.soak ? 'soak' : 'scenarios',
    scenarios: (values.scenario ?? '')
      .split(',')
      .filter((item) => item !== '')
      .map((item) => scenarioNumber(item, known)),
    rest: values.rest === true,
    seed: number('seed') ?? 1,
    seeds: values.thorough ? null : (number('seeds') ?? 1),
    minutes: number('minutes'),
    lanes: Math.max(1, number('lanes') ?? availableParallelism()),
    untimed: values.untimed === true,
    json: values.json ?? null,
  };
}

function scenarioNumber(text: string, known: readonly number[]): number {
  const number = wholeNumber('--scenario', text);
  if (!known.includes(number))
    throw new UsageError(`--scenario takes some of ${known.join(', ')}, not ${text}`);
  return number;
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option} takes whole numbers, not "${text}"`);
  return Number(text);
}
