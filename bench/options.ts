import { UsageError } from '../src/cli/command-line.errors.js';
import { parseCommandLine } from '../src/cli/command-line.parser.js';

export const PARTS = ['linear', 'graphs', 'retries', 'load', 'idle', 'submit', 'service', 'hostile'] as const;

/** The other engines that there are. */
export const PEERS = ['pg-boss', 'graphile-worker', 'dbos', 'absurd', 'openworkflow'] as const;

export type Part = (typeof PARTS)[number];
export type Peer = (typeof PEERS)[number];

export interface Options {
  /** How much is run: `smoke` only shows that every part works, `quick` fits in a minute. */
  readonly size: 'smoke' | 'quick' | 'full';
  /** Whether it is measured what much history, many waiting steps and the like cost, instead of the rest. */
  readonly scale: boolean;
  readonly json: string | null;
  /** Steps under way at once in the service; 1,500 fills three batches of the largest size. */
  readonly concurrency: number;
  /** Of the parts of a run, only these; all where empty. */
  readonly parts: readonly Part[];
  /** Of the peers, only these; all where empty. */
  readonly peers: readonly Peer[];
  /** Where CPU profiles of the engines' processes go. */
  readonly profile: string | null;
}

export const USAGE = `npm run bench -- [options]

  --quick          the main figures, within a minute
  --smoke          everything once and small: whether it works, not how fast it is
  --scale          what history, waiting retries, a long transaction and the like cost; with --quick a
                   tenth of the history
  --concurrency N  steps under way at once in the service (1500); the default setting is measured beside it
  --profile DIR    write CPU profiles of the engines' processes there, for Chrome's developer tools, and
                   what PostgreSQL's statements cost
  --parts a,b      only these of linear, graphs, retries, load, idle, submit, service,
                   hostile
  --peers a,b      with bench:peers: only these of pg-boss, graphile-worker, dbos, absurd, openworkflow
  --json FILE      write [{"engine","workload","metric","value","unit"}] there`;

/** The service runs no more steps at once than that. */
const MOST_AT_ONCE = 10_000;
/** What `--quick` has time for. */
const QUICK_PARTS: readonly Part[] = ['linear'];

/**
 * Reads the command line.
 *
 * @throws UsageError saying what is wrong with it, and what would be right
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseCommandLine(args, {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '1500' },
    json: { type: 'string' },
    parts: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    profile: { type: 'string' },
  });
  if (positionals.length > 0)
    throw new UsageError(`"${positionals.join(' ')}": expected flags alone, such as --quick`);
  const parts = listed(values.parts).map((name) => oneOf(PARTS, '--parts', name));
  const unmeasured = parts.filter((name) => values.quick && !QUICK_PARTS.includes(name));
  if (unmeasured.length > 0)
    throw new UsageError(`--quick measures ${QUICK_PARTS.join(', ')} alone, not ${unmeasured.join(', ')}`);
  return {
    size: values.smoke ? 'smoke' : values.quick ? 'quick' : 'full',
    scale: values.scale,
    json: values.json ?? null,
    parts,
    peers: listed(values.peers).map((name) => oneOf(PEERS, '--peers', name)),
    profile: values.profile ?? null,
    concurrency: stepsAtOnce('--concurrency', values.concurrency),
  };
}

function listed(text: string): readonly string[] {
  return text.split(',').filter((name) => name !== '');
}

function oneOf<T extends string>(names: readonly T[], option: string, name: string): T {
  const found = names.find((candidate) => candidate === name);
  if (found === undefined) throw new UsageError(`${option} takes some of ${names.join(', ')}, not "${name}"`);
  return found;
}

function stepsAtOnce(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > MOST_AT_ONCE)
    throw new UsageError(`${option} takes a whole number from 1 to ${MOST_AT_ONCE}, not "${text}"`);
  return Number(text);
}
