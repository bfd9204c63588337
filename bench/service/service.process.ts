import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort } from './free-port.js';

const READY_WITHIN_MS = 60_000;

export interface ServiceLaunch {
  /** The program, as it is started in production. */
  readonly file: URL;
  /** Where it answers with 200 once it is ready. */
  readonly readyPath: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** An HTTP service that was started by its own main program, as in production. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    /** From its start until it was ready. */
    readonly startMilliseconds: number,
  ) {}

  static async start({ file, readyPath, environment }: ServiceLaunch): Promise<ServiceProcess> {
    const port = await freePort();
    const begin = performance.now();
    const child = spawn(process.execPath, ['--enable-source-maps', fileURLToPath(file)], {
      env: { PATH: process.env['PATH'] ?? '', PORT: String(port), ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await untilReady(child, new URL(readyPath, url));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return new ServiceProcess(child, url, performance.now() - begin);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

async function untilReady(child: ChildProcess, url: URL): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await answersWell(url))) {
    if (child.exitCode !== null) throw new Error(`The service ended before it was ready (${child.exitCode})`);
    if (performance.now() > deadline)
      throw new Error(`${url.href} was not ready within ${READY_WITHIN_MS} ms`);
    await delay(5);
  }
}

async function answersWell(url: URL): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens there yet.
    return false;
  }
}
