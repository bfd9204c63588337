/**
 * The PostgreSQL server of one test run, in a process of its own: it ends when whoever started it closes this
 * process's standard input, and so also when the test runner is killed. Its first line of output is the server's URL.
 */
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { EmbeddedPostgres } from '../../src/database/embedded/index.js';
import { assertInstalled, assertTestedMajor, testedPostgres } from './tested-postgres.js';

assertInstalled();
const runnerGone = once(process.stdin.resume(), 'close');
// The runner may be gone before it reads the URL.
process.stdout.on('error', () => undefined);

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
const folder = await mkdtemp(join(tmpdir(), 'tasker-test-'));
try {
  // As root the server runs as another user, who has to get in.
  await chmod(folder, 0o755);
  const server = await EmbeddedPostgres.start({
    dataDir: folder,
    logger: silent,
    durability: 'none',
    settings: { max_connections: '300' },
    ...testedPostgres(),
  });
  try {
    await assertTestedMajor(server.url);
    process.stdout.write(`${server.url}\n`);
    await runnerGone;
  } finally {
    await server.stop();
    await rm(server.dataDir, { recursive: true, force: true });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
