import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { OwnerLock } from '../../src/database/embedded/owner-lock.js';
import { identityOf } from '../../src/database/embedded/process-identity.js';
import { dataFolder, removeFolders } from './data-folder.js';

afterEach(removeFolders);

describe('The owner lock', () => {
  it('goes to one of many takers at once, whether the folder is new, given back, or its owner dead', async () => {
    const folder = await dataFolder();
    for (const round of ['new', 'given back', 'dead']) {
      if (round === 'dead') {
        await writeFile(
          join(folder, 'owner-50.json'),
          JSON.stringify({ pid: process.pid, identity: 'long ago' }),
        );
      }
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => OwnerLock.acquire(folder)));
      const [winner, ...others] = results.flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      );
      expect(others).toEqual([]);
      expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(19);
      await winner?.release();
    }
    expect(await readdir(folder)).toEqual(['owner-51.json']);
  });

  it('can be given back when its folder is gone', async () => {
    const folder = await dataFolder();
    const lock = await OwnerLock.acquire(folder);
    await removeFolders();
    await lock.release();
    expect(lock).toBeInstanceOf(OwnerLock);
  });
});

describe('A process identity', () => {
  it('stays the same while the process runs, and is nothing for a pid that no process has', async () => {
    expect(await identityOf(process.pid)).toBe(await identityOf(process.pid));
    expect(await identityOf(2 ** 30)).toBeUndefined();
  });
});
