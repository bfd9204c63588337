import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const AUTOCANNON = fileURLToPath(import.meta.resolve('autocannon/autocannon.js'));
const CONNECTIONS = 32;

export interface HttpLoad {
  readonly url: string;
  readonly seconds: number;
  /** Posted as JSON; a GET where left out. */
  readonly body?: object;
}

/** Asks as fast as a few connections can, from a process of its own. Answers with the requests a second that were answered well. */
export async function driveHttp({ url, seconds, body }: HttpLoad): Promise<number> {
  const posting = ['-m', 'POST', '-H', 'content-type=application/json', '-b', JSON.stringify(body)];
  const { stdout } = await promisify(execFile)(process.execPath, [
    AUTOCANNON,
    '--json',
    '--no-progress',
    '-c',
    String(CONNECTIONS),
    '-d',
    String(seconds),
    ...(body === undefined ? [] : posting),
    url,
  ]);
  const result: unknown = JSON.parse(stdout);
  if (!isResult(result)) throw new Error(`autocannon gave no figures: ${stdout.slice(0, 200)}`);
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed requests`);
  return result['2xx'] / result.duration;
}

interface AutocannonResult {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly duration: number;
}

function isResult(result: unknown): result is AutocannonResult {
  return typeof result === 'object' && result !== null && '2xx' in result && 'duration' in result;
}
