import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import {
  EmbeddedPostgresFolderRefusedError,
  EmbeddedPostgresStartError,
} from './embedded-postgres.errors.js';
import { GuardedProcess } from './guarded-process.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { ServerUser } from './server-user.js';

/** The superuser of the embedded server. */
export const SUPERUSER = 'postgres';

const DRAFT = 'init-';

/**
 * Makes PostgreSQL's data folder in `home` unless it is there. It is made under another name and renamed when it is
 * complete, so that what exists under its own name is complete, whenever the power goes.
 *
 * The caller holds the owner lock of `home`.
 *
 * @returns the data folder
 * @throws EmbeddedPostgresStartError where initdb fails
 * @throws EmbeddedPostgresFolderRefusedError where the data belongs to somebody else
 */
export async function prepareCluster(
  home: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  sync: boolean,
): Promise<string> {
  const data = join(home, 'data');
  await removeDrafts(home);
  const owner = await ownerOf(data);
  if (owner === undefined) {
    await initialize(home, data, binaries, user, sync);
    return data;
  }
  const expected = user?.uid ?? process.getuid?.();
  if (expected !== undefined && owner !== expected) {
    throw new EmbeddedPostgresFolderRefusedError(
      data,
      `it belongs to the user with id ${owner}, and the server would run as the user with id ${expected}`,
    );
  }
  return data;
}

async function initialize(
  home: string,
  data: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  sync: boolean,
): Promise<void> {
  const draft = join(home, `${DRAFT}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  if (user !== undefined) await chown(draft, user.uid, user.gid);
  const initdb = await GuardedProcess.start({
    command: binaries.initdb,
    // "trust" lets in whoever reaches the server, and the server listens on the loopback address only.
    args: [
      '-D',
      draft,
      '-U',
      SUPERUSER,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-instructions',
    ].concat(sync ? [] : ['--no-sync']),
    cwd: home,
    logFile: join(home, 'initdb.log'),
    user,
    // On SIGTERM initdb removes what it made.
    stopSteps: [
      { signal: 'SIGTERM', patienceMs: 5_000 },
      { signal: 'SIGKILL', patienceMs: 5_000 },
    ],
  });
  const end = await initdb.ended;
  if (end.kind !== 'ended' || end.code !== 0) {
    await removeDrafts(home);
    throw new EmbeddedPostgresStartError(`initdb failed in ${home}`, await initdb.logTail());
  }
  await rename(draft, data);
}

/** What an interrupted initdb left. One that is still being stopped may hold some of it until the next start. */
async function removeDrafts(home: string): Promise<void> {
  const drafts = (await readdir(home)).filter((name) => name.startsWith(DRAFT));
  await Promise.allSettled(drafts.map((name) => rm(join(home, name), { recursive: true, force: true })));
}

async function ownerOf(folder: string): Promise<number | undefined> {
  try {
    return (await stat(folder)).uid;
  } catch {
    return undefined;
  }
}
