import { execFile, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { until } from './until.js';

const LOADER = fileURLToPath(new URL('./register-ts.mjs', import.meta.url));
const COMPILER = fileURLToPath(new URL('./compile-sources.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a process ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of its own: what it says on its output, what it tells by IPC, and how it ends. */
export class Program {
  private static readonly all = new Set<Program>();

  readonly exited: Promise<ProgramEnd>;
  private readonly process: ChildProcess;
  private readonly told: unknown[] = [];
  private text = '';

  /**
   * Runs Node with these arguments, in the project's folder unless another is given; of the environment only what is given, and
   * what Node itself needs.
   */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    options: Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'> = {},
  ) {
    const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
    this.process = spawn(process.execPath, args, {
      cwd: ROOT,
      ...options,
      env: { PATH, HOME, TMPDIR, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk;
      });
    }
    this.process.on('message', (message) => this.told.push(message));
    this.exited = this.end();
    Program.all.add(this);
  }

  /** A program in TypeScript. */
  static typescript(
    file: string,
    environment: Readonly<Record<string, string>>,
    programArguments: readonly string[] = [],
  ): Program {
    return new Program(['--import', LOADER, file, ...programArguments], environment);
  }

  /** A program of `src` or `test`, compiled beforehand: it starts faster, which counts where many are started. */
  static compiled(
    folder: string,
    file: string,
    environment: Readonly<Record<string, string>>,
    nodeArguments: readonly string[] = [],
  ): Program {
    return new Program(
      [...nodeArguments, '--enable-source-maps', join(folder, file.replace(/\.ts$/, '.js'))],
      environment,
    );
  }

  /** Compiles `src` and `test` for `compiled`; answers with the folder. */
  static async compile(): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [COMPILER], { cwd: ROOT });
    return stdout;
  }

  /** For `afterEach`: no process outlives its test. */
  static async killAll(): Promise<void> {
    await Promise.all([...Program.all].map((program) => program.kill()));
    Program.all.clear();
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Everything it has written so far. */
  get output(): string {
    return this.text;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** What it has told so far. */
  messages<T>(is: (message: unknown) => message is T): readonly T[] {
    return this.told.filter(is);
  }

  /** Resolves with the first match in what it writes; fails at once when it ends without one. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`process ${this.pid} says ${pattern}`, () => {
      const found = pattern.exec(this.text);
      if (found === null && !this.running)
        throw new Error(`It ended without saying ${pattern}:\n${this.text}`);
      return found;
    });
  }

  /** One that has ended meanwhile does not hear it; that it has ended is for `running` and `exited` to tell. */
  send(message: object): void {
    this.process.send(message, () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  private async end(): Promise<ProgramEnd> {
    await once(this.process, 'close');
    return { code: this.process.exitCode, signal: this.process.signalCode };
  }
}
