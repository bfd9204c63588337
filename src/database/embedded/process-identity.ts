import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { systemErrorCode } from './system-error.js';

const run = promisify(execFile);

/**
 * Tells a running process from every other that had or will have the same pid, by the moment it started. Answers
 * `undefined` where no process with this pid runs; one that has ended but was not yet reaped does not run.
 *
 * On Windows the pid alone has to do.
 */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return await linuxIdentity(pid);
  if (process.platform === 'win32') return signalReaches(pid) ? String(pid) : undefined;
  return await portableIdentity(pid);
}

/** The command line of a running process in one string; `undefined` where there is none or it can't be read. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if ((await identityOf(pid)) === undefined) return undefined;
  if (process.platform === 'linux') {
    const text = await readOrUndefined(`/proc/${pid}/cmdline`);
    return text?.replaceAll('\0', ' ').trimEnd();
  }
  if (process.platform === 'win32') {
    const query = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`;
    return await outputOf('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
  }
  return await outputOf('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
}

async function linuxIdentity(pid: number): Promise<string | undefined> {
  const stat = await readOrUndefined(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
  // Ticks count from boot: without the boot's id a process of the last boot could pass for one of this.
  const boot = (await readOrUndefined('/proc/sys/kernel/random/boot_id')) ?? '';
  return `${boot.trim()}:${startTicks}`;
}

async function portableIdentity(pid: number): Promise<string | undefined> {
  const line = await outputOf('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  if (line === undefined || line.startsWith('Z')) return undefined;
  return line.replace(/^\S+\s+/, '');
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

async function readOrUndefined(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function outputOf(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, args, { env: { ...process.env, LC_ALL: 'C' }, windowsHide: true });
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
