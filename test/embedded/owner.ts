import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface OwnerEvent {
  readonly event: 'started' | 'interrupted' | 'stopped' | 'refused';
  readonly url: string;
  readonly pid: number;
  readonly guardPid: number;
  readonly dataDir: string;
  readonly code: string;
  readonly message: string;
}

const LOADER = fileURLToPath(new URL('../support/register-ts.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./owner.process.ts', import.meta.url));

/** A process that owns an embedded server; see `owner.process.ts`. It leads a process group of its own. */
export class Owner {
  private static readonly all = new Set<Owner>();

  readonly pid: number;
  private readonly exited: Promise<unknown>;
  private readonly events: AsyncIterator<string>;

  constructor(dataDir: string) {
    this.process = spawn(process.execPath, ['--import', LOADER, PROGRAM, dataDir], {
      env: { ...process.env, NODE_OPTIONS: '' },
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.pid = this.process.pid ?? 0;
    this.exited = once(this.process, 'exit');
    this.events = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    Owner.all.add(this);
  }

  private readonly process: ChildProcessByStdio<Writable, Readable, null>;

  /** For `afterEach`: no owner outlives its test. */
  static async killAll(): Promise<void> {
    await Promise.all([...Owner.all].map((owner) => owner.kill()));
  }

  /** The next thing that the process tells. */
  async next(): Promise<OwnerEvent> {
    const line = await this.events.next();
    if (line.done === true) throw new Error('The owner ended without a word');
    const event: OwnerEvent = JSON.parse(line.value);
    return event;
  }

  /** As the out-of-memory killer does; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
    Owner.all.delete(this);
  }

  /** As Ctrl-C in a terminal does. */
  interruptGroup(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** Has the server stopped; resolves when the process ended by itself. */
  async stop(): Promise<OwnerEvent> {
    this.process.stdin.write('stop\n');
    const event = await this.next();
    await this.exited;
    return event;
  }
}
