import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { dataFolder, removeFolders } from './data-folder.js';
import { processes, query, until, untilGone, untilNobodyWorksIn } from './observe.js';
import { Owner } from './owner.js';

jest.setTimeout(60_000);

afterEach(async () => {
  await Owner.killAll();
  await removeFolders();
});

/** A new owner gets the server, finds what was committed, and gives it back. */
async function expectNextStartFinds(folder: string, committed: number[]): Promise<void> {
  const owner = new Owner(folder);
  const { event, url } = await owner.next();
  expect(event).toBe('started');
  await query(url, 'CREATE TABLE IF NOT EXISTS kept (n integer)');
  expect((await query(url, 'SELECT n FROM kept ORDER BY n')).map(({ n }) => n)).toEqual(committed);
  expect(await owner.stop()).toMatchObject({ event: 'stopped' });
}

describe('When the owner of the embedded PostgreSQL', () => {
  it('is killed, server and guard end, and the next start finds the data', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { url, pid, guardPid } = await owner.next();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await owner.kill();

    await untilGone(pid, guardPid);
    await expectNextStartFinds(folder, [1]);
  });

  it('is killed, a start that comes at once waits for the old server to end', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { url } = await owner.next();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await owner.kill();
    await expectNextStartFinds(folder, [1]);
  });

  it('is killed together with the guard, the next start takes the orphan over', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { url, pid, guardPid } = await owner.next();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    process.kill(guardPid, 'SIGKILL');
    await owner.kill();
    await untilGone(guardPid);
    expect((await processes()).map((running) => running.pid)).toContain(pid);

    await expectNextStartFinds(folder, [1]);
    await untilGone(pid);
  });

  it('has lost the guard, it still stops the server itself', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { pid, guardPid } = await owner.next();
    process.kill(guardPid, 'SIGKILL');
    await untilGone(guardPid);
    expect(await owner.stop()).toMatchObject({ event: 'stopped' });
    await untilGone(pid);
  });

  it('is killed together with guard and server, the next start recovers', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { url, pid, guardPid } = await owner.next();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    for (const victim of [guardPid, pid]) process.kill(victim, 'SIGKILL');
    await owner.kill();
    await expectNextStartFinds(folder, [1]);
  });

  it('and its group are interrupted, the server serves on until the owner stops it', async () => {
    const owner = new Owner(await dataFolder());
    const { url, pid, guardPid } = await owner.next();
    owner.interruptGroup();
    expect(await owner.next()).toMatchObject({ event: 'interrupted' });

    expect(await query(url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    expect(await owner.stop()).toMatchObject({ event: 'stopped' });
    await untilGone(pid, guardPid);
  });

  it('is killed during initdb, nothing is left running and the next start works', async () => {
    const folder = await dataFolder();
    const home = join(folder, 'postgres');
    const owner = new Owner(folder);
    await until('initdb is at work', async () => {
      const draft = existsSync(home) && (await readdir(home)).find((name) => name.startsWith('init-'));
      return typeof draft === 'string' && existsSync(join(home, draft, 'PG_VERSION'));
    });
    await owner.kill();
    expect(existsSync(join(home, 'data'))).toBe(false);

    await untilNobodyWorksIn(folder);
    await expectNextStartFinds(folder, []);
    expect((await readdir(home)).filter((name) => name.startsWith('init-'))).toEqual([]);
  });

  it('is killed between the spawn of the server and its first breath, nothing is left running', async () => {
    const folder = await dataFolder();
    await expectNextStartFinds(folder, []);
    const owner = new Owner(folder);
    await until('a guard is there', async () =>
      (await processes()).some(({ command }) => command.includes('guard.mjs') && command.includes(folder)),
    );
    await owner.kill();

    await untilNobodyWorksIn(folder);
    await expectNextStartFinds(folder, []);
  });

  it('left pid files whose pids now belong to another program, that program lives and the start works', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { pid, guardPid, dataDir } = await owner.next();
    for (const victim of [guardPid, pid]) process.kill(victim, 'SIGKILL');
    await owner.kill();
    // This very process has the pid that both files name; it started at another time than the owner did.
    const postmasterFile = join(dataDir, 'data', 'postmaster.pid');
    const [, ...rest] = (await readFile(postmasterFile, 'utf8')).split('\n');
    await writeFile(postmasterFile, [process.pid, ...rest].join('\n'));
    const ownerFile = join(dataDir, 'owner-1.json');
    await writeFile(
      ownerFile,
      (await readFile(ownerFile, 'utf8')).replace(String(owner.pid), String(process.pid)),
    );

    await expectNextStartFinds(folder, []);
  });
});
