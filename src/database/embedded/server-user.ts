import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user whom the server runs as, when that is not the user who starts it. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Serves where the system knows no user at all, as in an image built from scratch. */
const NUMERIC: ServerUser = { uid: 65534, gid: 65534 };

/**
 * PostgreSQL refuses to run as root. Answers the user who runs it in root's stead: whose the data is, if there is any; else the
 * system's `postgres`, else `nobody`, else a numeric one. `undefined` where this process isn't root: the server then runs as the
 * same user.
 */
export async function chooseServerUser(data: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await ownerOfData(data)) ?? (await findUser('postgres')) ?? (await findUser('nobody')) ?? NUMERIC;
}

/** Data that exists keeps its owner, even if a better user turned up since. */
export async function userOfData(data: string, otherwise: ServerUser): Promise<ServerUser> {
  return (await ownerOfData(data)) ?? otherwise;
}

async function ownerOfData(data: string): Promise<ServerUser | undefined> {
  try {
    const { uid, gid } = await stat(data);
    return uid === 0 ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

async function findUser(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    return uid > 0 ? { uid, gid } : undefined;
  } catch {
    return undefined;
  }
}

async function idOf(option: '-u' | '-g', name: string): Promise<number> {
  const id = Number((await run('id', [option, name])).stdout);
  if (!Number.isInteger(id)) throw new Error(`"id ${option} ${name}" did not answer a number`);
  return id;
}
