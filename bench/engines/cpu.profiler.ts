import { mkdir, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import process from 'node:process';

/** Writes a CPU profile of what this process does meanwhile, for Chrome's developer tools. */
export async function profiled<T>(folder: string, title: string, work: () => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const result = await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${title}-${process.pid}-${Date.now()}.cpuprofile`), JSON.stringify(profile));
  return result;
}
