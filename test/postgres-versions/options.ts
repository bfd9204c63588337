import { availableParallelism } from 'node:os';

import { UsageError } from '../../src/cli/command-line.errors.js';
import { parseCommandLine } from '../../src/cli/command-line.parser.js';

/** The majors that test/postgres-versions/package.json has servers of. `npm test` runs on 18, the embedded one. */
export const OLDER_MAJORS = [15, 16, 17] as const;
export type OlderMajor = (typeof OLDER_MAJORS)[number];

export interface Options {
  readonly help: boolean;
  readonly majors: readonly OlderMajor[];
  /** The whole database suite on each major, and not on the oldest alone. */
  readonly whole: boolean;
  /** How many test files at a time. */
  readonly workers: number;
  readonly json: string | null;
}

const HELP = '--help';

export const USAGE = `npm run test:versions -- [options]

Runs the tests that use a database on the older majors of PostgreSQL: all of them on 15, a telling part on 16 and 17.
18 is the major of "npm test" itself. The servers are installed in test/postgres-versions at the first run.

  --majors 15,16     only these
  --whole            all tests that use a database, on each major
  --workers N        how many test files at a time (the number of cores)
  --json FILE        write [{"major","passed","failed","skipped","seconds"}] there`;

/**
 * Reads the command line.
 *
 * @throws UsageError saying what is wrong with it, and what would be right
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseCommandLine(
    args.filter((word) => word !== HELP),
    {
      majors: { type: 'string' },
      whole: { type: 'boolean' },
      workers: { type: 'string' },
      json: { type: 'string' },
    },
  );
  if (positionals.length > 0)
    throw new UsageError(`"${positionals.join(' ')}": expected flags alone, such as --majors 15,16`);
  const workers = values.workers ?? String(availableParallelism());
  if (!/^[1-9]\d*$/.test(workers))
    throw new UsageError(`--workers takes a whole number from 1, not "${workers}"`);
  return {
    help: args.includes(HELP),
    majors: values.majors === undefined ? OLDER_MAJORS : values.majors.split(',').map(majorIn),
    whole: values.whole === true,
    workers: Number(workers),
    json: values.json ?? null,
  };
}

function majorIn(text: string): OlderMajor {
  const major = OLDER_MAJORS.find((one) => String(one) === text);
  if (major === undefined)
    throw new UsageError(`--majors takes some of ${OLDER_MAJORS.join(', ')}, not "${text}"`);
  return major;
}
