import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a server says about itself in its data's `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number | undefined;
  readonly ready: boolean;
}

/** Larger than any system's highest pid, and of the width that a pid has room for in PostgreSQL. */
const NO_PROCESS = '2147483647';

const [PID_LINE, PORT_LINE, STATUS_LINE] = [0, 3, 7];

/** Reads the file of the server that runs on `data`, or ran and did not end cleanly; `undefined` without one. */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  let lines: string[];
  try {
    lines = (await readFile(fileIn(data), 'utf8')).split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[PID_LINE]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const port = Number(lines[PORT_LINE]);
  return {
    pid,
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    ready: lines[STATUS_LINE]?.trim() === 'ready',
  };
}

/**
 * Takes the pid out of a dead server's file, if there is one. A pid is reused, and PostgreSQL refuses to start while
 * any process has it. The rest of the file has to stay: by it PostgreSQL finds out whether children of the dead server
 * still write. A file that a crash of the machine left without content says nothing and is removed.
 *
 * Only for a server that is known not to run.
 */
export async function retirePostmasterFile(data: string): Promise<void> {
  const file = fileIn(data);
  const old = await contentOf(file);
  if (old === undefined) return;
  const [pid = '', ...rest] = old.text.split('\n');
  if (pid.trim() === '') {
    await rm(file, { force: true });
    return;
  }
  // The folder belongs to the server's user and this process may be root: "wx" follows no link that is there.
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile([NO_PROCESS, ...rest].join('\n'));
    if (process.getuid?.() === 0) await handle.chown(old.uid, old.gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

async function contentOf(file: string): Promise<{ text: string; uid: number; gid: number } | undefined> {
  try {
    const [text, { uid, gid }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return { text, uid, gid };
  } catch {
    return undefined;
  }
}

function fileIn(data: string): string {
  return join(data, 'postmaster.pid');
}
