/**
 * Removes temporary folders of PostgreSQL servers once the process that made them is gone, however that one ended.
 *
 * The parent holds the other end of this process's standard input and writes a line for each folder, a JSON text. At
 * end-of-file the servers in the folders are being stopped by guards of their own (see `database/embedded/guard.mjs`); their
 * files are removed when they have ended.
 *
 * Plain JavaScript with no imports but Node's, because it runs both from the sources and from the build.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;
/** As long as a guard may take to stop a server. */
const SERVER_ENDS_WITHIN_MS = 90_000;

// Ctrl-C reaches every process of the terminal; the folders are in use until the parent has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const folders = new Set();
for await (const line of createInterface({ input: process.stdin })) folders.add(JSON.parse(line));
await Promise.all([...folders].map(removeWhenUnused));

async function removeWhenUnused(folder) {
  const deadline = Date.now() + SERVER_ENDS_WITHIN_MS;
  const runs = join(folder, 'postgres', 'data', 'postmaster.pid');
  while (existsSync(runs) && Date.now() < deadline) await sleep(LOOK_AGAIN_MS);
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
