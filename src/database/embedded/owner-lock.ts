import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { EmbeddedPostgresInUseError, EmbeddedPostgresStartError } from './embedded-postgres.errors.js';
import { identityOf } from './process-identity.js';
import { systemErrorCode } from './system-error.js';

interface Owner {
  readonly pid: number;
  readonly identity: string;
}

/** A record's owner; `nobody` when the owner gave the folder back. */
type OwnerRecord = Owner | 'nobody';

const FILE = /^owner-(\d+)\.json$/;

/**
 * Says which process owns a folder. At most one live process does, whatever the order in which processes start, end
 * or are killed.
 *
 * Records are numbered and the highest one counts. A folder whose highest owner is gone is taken by creating the next
 * number with `link`, which fails if the file exists: of several takers one wins. The highest record is never
 * removed, so no number is given twice; the winner removes the lower ones. A slow taker may still re-create a removed
 * lower number, and therefore looks again after its link whether its own is the highest.
 */
export class OwnerLock {
  private constructor(
    private readonly folder: string,
    private readonly number: number,
  ) {}

  /**
   * Takes the folder for this process.
   *
   * @throws EmbeddedPostgresInUseError when a live process owns it, be it this one
   * @throws EmbeddedPostgresStartError when the system doesn't tell which processes run
   */
  static async acquire(folder: string): Promise<OwnerLock> {
    const identity = await identityOf(process.pid);
    if (identity === undefined) {
      throw new EmbeddedPostgresStartError(
        'this process does not find itself among the running ones (/proc)',
        '',
      );
    }
    const mine = JSON.stringify({ pid: process.pid, identity });
    for (;;) {
      const highest = Math.max(0, ...(await recordNumbers(folder)));
      const owner = highest === 0 ? 'nobody' : await readRecord(folder, highest);
      if (owner !== 'nobody' && (await identityOf(owner.pid)) === owner.identity) {
        throw new EmbeddedPostgresInUseError(folder, owner.pid);
      }
      const number = highest + 1;
      if (!(await createRecord(folder, number, mine))) continue;

      const numbers = await recordNumbers(folder);
      if (Math.max(...numbers) > number) {
        await rm(recordFile(folder, number), { force: true });
        continue;
      }
      for (const lower of numbers.filter((other) => other < number)) {
        await rm(recordFile(folder, lower), { force: true });
      }
      return new OwnerLock(folder, number);
    }
  }

  /** Gives the folder back. Safe where the folder is already gone. */
  async release(): Promise<void> {
    const draft = draftFile(this.folder);
    try {
      await writeFile(draft, JSON.stringify('nobody'));
      await rename(draft, recordFile(this.folder, this.number));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
}

async function recordNumbers(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await readdir(folder)) {
    const number = FILE.exec(name)?.[1];
    if (number !== undefined) numbers.push(Number(number));
  }
  return numbers;
}

/** A record that was removed meanwhile, or was torn by a crash of the machine, is nobody's. */
async function readRecord(folder: string, number: number): Promise<OwnerRecord> {
  try {
    const record: unknown = JSON.parse(await readFile(recordFile(folder, number), 'utf8'));
    return isOwner(record) ? record : 'nobody';
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) === 'ENOENT') return 'nobody';
    throw error;
  }
}

/** Creates the record with its content in one step; false where it exists. */
async function createRecord(folder: string, number: number, content: string): Promise<boolean> {
  const draft = draftFile(folder);
  await writeFile(draft, content);
  try {
    await link(draft, recordFile(folder, number));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function recordFile(folder: string, number: number): string {
  return join(folder, `owner-${number}.json`);
}

function draftFile(folder: string): string {
  return join(folder, `owner-draft-${randomUUID()}`);
}

function isOwner(value: unknown): value is Owner {
  return (
    typeof value === 'object' &&
    value !== null &&
    Number.isInteger(Reflect.get(value, 'pid')) &&
    typeof Reflect.get(value, 'identity') === 'string'
  );
}
