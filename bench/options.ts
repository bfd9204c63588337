import { parseArgs } from 'node:util';

export interface Options {
  /** How much is run: `smoke` only shows that every part works, `quick` fits in a minute. */
  readonly size: 'smoke' | 'quick' | 'full';
  /** Whether it is measured what much history, many waiting steps and the like cost, instead of the rest. */
  readonly scale: boolean;
  readonly json: string | null;
  /** Steps under way at once in the service; 400 fills two batches of the largest size. */
  readonly concurrency: number;
  /** Of the peers, only these; all where empty. */
  readonly peers: readonly string[];
  /** Where CPU profiles of the engines' processes go. */
  readonly profile: string | null;
}

export const USAGE = `npm run bench -- [options]

  --quick          the main figures, within a minute
  --smoke          everything once and small: whether it works, not how fast it is
  --scale          what history, waiting retries, a long transaction and the like cost; with --quick a
                   tenth of the history
  --concurrency N  steps under way at once in the service (400); the default setting is measured beside it
  --profile DIR    write CPU profiles of the engines' processes there, for Chrome's developer tools, and
                   what PostgreSQL's statements cost
  --peers a,b      with bench:peers: only these
  --json FILE      write [{"engine","workload","metric","value","unit"}] there`;

/** Reads the command line. Throws an `Error` that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      concurrency: { type: 'string', default: '400' },
      json: { type: 'string' },
      peers: { type: 'string', default: '' },
      profile: { type: 'string' },
    },
  });
  return {
    size: values.smoke ? 'smoke' : values.quick ? 'quick' : 'full',
    scale: values.scale,
    json: values.json ?? null,
    peers: values.peers.split(',').filter((name) => name !== ''),
    profile: values.profile ?? null,
    concurrency: wholeNumber('--concurrency', values.concurrency),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} takes a whole number from 1, not "${text}"`);
  return Number(text);
}
