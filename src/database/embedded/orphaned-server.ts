import { setTimeout as sleep } from 'node:timers/promises';

import { EmbeddedPostgresStartError } from './embedded-postgres.errors.js';
import type { EmbeddedPostgresLogger } from './embedded-postgres.options.js';
import { readPostmasterFile, retirePostmasterFile } from './postmaster-file.js';
import { commandLineOf } from './process-identity.js';
import { systemErrorCode } from './system-error.js';

const LOOK_AGAIN_MS = 50;

/** PostgreSQL's fast shutdown, then its immediate one (as after a crash: nothing acknowledged is lost). */
const STOP_STEPS = [
  { signal: 'SIGINT', patienceMs: 30_000 },
  { signal: 'SIGQUIT', patienceMs: 10_000 },
] as const;

/**
 * Makes sure that no server runs on `data`: one that its owner left behind is stopped, and its end awaited. The
 * caller holds the owner lock, so no server there belongs to a live process.
 *
 * A pid in `postmaster.pid` that meanwhile belongs to some other program is left in peace.
 *
 * @throws EmbeddedPostgresStartError where the server can't be stopped
 */
export async function stopOrphanedServer(data: string, logger: EmbeddedPostgresLogger): Promise<void> {
  const file = await readPostmasterFile(data);
  if (file === undefined || !(await isServerOf(file.pid, data))) {
    await retirePostmasterFile(data);
    return;
  }
  logger.warn(
    `Embedded PostgreSQL: stopping the server (pid ${file.pid}) that an earlier process left on ${data}`,
  );
  await stopServer(file.pid, data);
}

/**
 * Stops the server with this pid and resolves once it is gone; at once, if it isn't the server of `data`.
 *
 * @throws EmbeddedPostgresStartError where the server can't be stopped
 */
export async function stopServer(pid: number, data: string): Promise<void> {
  for (const { signal, patienceMs } of STOP_STEPS) {
    if (!(await isServerOf(pid, data))) return;
    send(signal, pid, data);
    if (await ends(pid, data, patienceMs)) return;
  }
  throw new EmbeddedPostgresStartError(`the server (pid ${pid}) that runs on ${data} does not stop`, '');
}

async function isServerOf(pid: number, data: string): Promise<boolean> {
  const command = await commandLineOf(pid);
  return command !== undefined && `${command} `.includes(`postgres -D ${data} `);
}

async function ends(pid: number, data: string, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if (!(await isServerOf(pid, data))) return true;
    await sleep(LOOK_AGAIN_MS);
  }
  return false;
}

function send(signal: NodeJS.Signals, pid: number, data: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone in between is what was wanted.
    if (systemErrorCode(error) === 'ESRCH') return;
    throw new EmbeddedPostgresStartError(
      `the server (pid ${pid}) that runs on ${data} can't be stopped`,
      '',
      {
        cause: error,
      },
    );
  }
}
