import { readdir, readFile } from 'node:fs/promises';

/** What the kernel counts CPU time in, on every Linux. */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  readonly reapedChildren: number;
}

/** The CPU seconds that a process has used. */
export async function processCpu(pid: number): Promise<number> {
  return ((await readTimes(pid))?.own ?? 0) / TICKS_PER_SECOND;
}

/** The CPU seconds of a process with its children, those that have ended included. */
export async function treeCpu(pid: number): Promise<number> {
  const root = await readTimes(pid);
  let ticks = (root?.own ?? 0) + (root?.reapedChildren ?? 0);
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const times = await readTimes(Number(entry));
    if (times?.parent === pid) ticks += times.own;
  }
  return ticks / TICKS_PER_SECOND;
}

/** The most resident memory that a process has had, in MiB. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function readTimes(pid: number): Promise<ProcessTimes | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended meanwhile; its parent has its time.
    return null;
  }
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (index: number): number => Number(fields[index]);
  return { parent: field(1), own: field(11) + field(12), reapedChildren: field(13) + field(14) };
}
