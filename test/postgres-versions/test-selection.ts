import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Test folders and files to which the server of the run makes no difference, each with the reason. All others under `test`
 * run on the oldest major as a whole: a new folder need not be added anywhere.
 */
export const INDEPENDENT: Readonly<Record<string, string>> = {
  'test/bench': 'its servers are the embedded one',
  'test/checks': 'is about .ci/run',
  'test/cli': 'uses no database',
  'test/deploy/bundle.test.ts': 'is about the files of the build',
  'test/deploy/image.test.ts': 'is about the files of the image',
  'test/deploy/kubernetes.test.ts': 'is about manifests',
  'test/embedded': 'starts the embedded server itself',
  'test/faults': 'its servers are the embedded one; see "npm run faults"',
  'test/package': 'is about the npm package and the documents',
  'test/postgres-versions': 'is about this selection',
};

/** What runs on the majors between the oldest and the newest: each kind of statement, and a start of the service. */
export const TELLING: readonly string[] = [
  'test/backlog',
  'test/client',
  'test/deploy/migrate.test.ts',
  'test/e2e/linear-workflow.test.ts',
  'test/engine',
  'test/events',
  'test/lifecycle',
  'test/retention',
  'test/worker/handlers.test.ts',
  'test/worker/step-transactions.test.ts',
];

/**
 * The test files to run, as paths from the project's folder, in order.
 *
 * @param part `whole`: all that use a database; `telling`: those of `TELLING`
 */
export async function selectTests(part: 'whole' | 'telling'): Promise<readonly string[]> {
  const files = await testFiles();
  return part === 'whole'
    ? files.filter((file) => !Object.keys(INDEPENDENT).some((place) => isIn(file, place)))
    : files.filter((file) => TELLING.some((place) => isIn(file, place)));
}

/** All test files under `test`, as paths from the project's folder. */
export async function testFiles(): Promise<readonly string[]> {
  const names = await readdir(join(ROOT, 'test'), { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .toSorted();
}

/** Whether a file is this one, or in this folder. */
export function isIn(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}
