import { createHash, randomUUID } from 'node:crypto';
import { chmod, cp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { DataDirRefusedError, EmbeddedPostgresFolderRefusedError } from './embedded-postgres.errors.js';
import type { EmbeddedPostgresLogger, EmbeddedPostgresOptions } from './embedded-postgres.options.js';
import { findBlockingFolder, findUnreadable, ownFolder, ownFolderInPublic } from './folder-access.js';
import { binariesUnder } from './postgres-binaries.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { ServerUser } from './server-user.js';

/**
 * Makes and answers the folder for the server's files: `postgres` in the data folder. Where `user` can't get there, and
 * nobody asked for that folder by name, one under the system's temporary folder that belongs to this data folder alone,
 * and the log says so.
 *
 * @param user whom the server runs as, where that is not this process's user
 * @throws EmbeddedPostgresFolderRefusedError where the folder belongs to somebody else, or can't be made or written
 * @throws DataDirRefusedError instead of it, where the folder was given by name
 */
export async function prepareHome(
  { dataDir, dataDirIsGiven = false, logger }: EmbeddedPostgresOptions,
  user: ServerUser | undefined,
): Promise<string> {
  if (!dataDirIsGiven) return homeIn(dataDir, user, logger);
  try {
    return await homeIn(dataDir, user, undefined);
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresFolderRefusedError)) throw error;
    throw new DataDirRefusedError(dataDir, `${error.folder}: ${error.reason}`, { cause: error });
  }
}

/** @param mover told where the data goes instead, if it may go elsewhere */
async function homeIn(
  dataDir: string,
  user: ServerUser | undefined,
  mover: EmbeddedPostgresLogger | undefined,
): Promise<string> {
  const wanted = join(await realPathOf(resolve(dataDir)), 'postgres');
  const blocking = user === undefined ? undefined : await findBlockingFolder(wanted, user);
  if (user === undefined || blocking === undefined) {
    await ownFolder(wanted, user === undefined ? 0o700 : 0o755);
    return realpath(wanted);
  }
  if (mover === undefined) {
    throw new EmbeddedPostgresFolderRefusedError(
      wanted,
      `the user whom PostgreSQL runs as in root's stead (id ${user.uid}) may not pass ${blocking}`,
    );
  }
  const home = join(await temporaryFolderFor(wanted, user), 'postgres');
  await ownFolder(home, 0o755);
  mover.warn(
    `Embedded PostgreSQL keeps its data in ${home}: it can't run as root, and the user it runs as (id ${user.uid}) may ` +
      `not pass ${blocking}. The system may clean that folder; set TASKER_DATA_DIR to a folder that user can reach, ` +
      `or DATABASE_URL, for data to keep.`,
  );
  return home;
}

/**
 * Answers binaries that `user` can run: the installed ones; where `user` can't read those, a copy under the system's
 * temporary folder, made once per installation.
 *
 * @throws EmbeddedPostgresFolderRefusedError where the copy's folder was made by somebody else
 */
export async function prepareBinaries(
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
  logger: EmbeddedPostgresLogger,
): Promise<PostgresBinaries> {
  if (user === undefined) return binaries;
  const unreadable = await findUnreadable(binaries.root, user);
  if (unreadable === undefined) return binaries;

  const { size, mtimeMs } = await stat(binaries.postgres);
  const installation = `${await realpath(binaries.root)}:${size}:${mtimeMs}`;
  const copy = join(await temporaryFolderFor(installation, user), 'native');
  if (!(await holdsAllOf(copy, binaries.root))) await copyReadable(binaries.root, copy);
  logger.log(
    `Embedded PostgreSQL runs from a copy of its binaries in ${copy}: the user it runs as (id ${user.uid}) ` +
      `can't read ${unreadable}`,
  );
  return binariesUnder(copy, binaries);
}

/** A folder that root alone can write, that `user` can pass, and whose name follows from `key`. */
async function temporaryFolderFor(key: string, user: ServerUser): Promise<string> {
  const name = `tasker-nest-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
  for (const candidate of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const parent = await realPathOf(candidate);
    if ((await findBlockingFolder(parent, user)) !== undefined) continue;
    await ownFolderInPublic(join(parent, name));
    return join(parent, name);
  }
  throw new EmbeddedPostgresFolderRefusedError(
    tmpdir(),
    `the user whom PostgreSQL runs as (id ${user.uid}) can pass neither the data folder nor a temporary folder`,
  );
}

/** Complete from its first moment on: copied beside, then renamed. */
async function copyReadable(source: string, target: string): Promise<void> {
  const draft = `${target}-${randomUUID()}`;
  try {
    await cp(source, draft, { recursive: true, verbatimSymlinks: true });
    await chmod(draft, 0o755);
    for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
      if (entry.isSymbolicLink()) continue;
      const runnable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
      await chmod(join(entry.parentPath, entry.name), runnable ? 0o755 : 0o644);
    }
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  } catch (error) {
    // Another process may have finished the same copy in between.
    if (!(await holdsAllOf(target, source))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Temporary folders are cleaned file by file, so a copy may have lost some. */
async function holdsAllOf(copy: string, source: string): Promise<boolean> {
  try {
    const names = new Set(await readdir(copy, { recursive: true }));
    return (await readdir(source, { recursive: true })).every((name) => names.has(name));
  } catch {
    return false;
  }
}

/** The real path of what may not exist yet: that of its nearest ancestor, with the rest appended. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOf(parent), basename(path));
  }
}
