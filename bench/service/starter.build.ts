import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const COMPILER = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
const PROJECT = fileURLToPath(new URL('../starter/tsconfig.json', import.meta.url));

/** Builds the starter; answers with its main program. */
export async function buildStarter(): Promise<URL> {
  await promisify(execFile)(process.execPath, [COMPILER, '-p', PROJECT]);
  return new URL('../starter/dist/main.js', import.meta.url);
}
