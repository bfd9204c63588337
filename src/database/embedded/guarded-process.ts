import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { GUARD_SOURCE } from './guard.files.js';
import { scriptArguments } from './script.arguments.js';
import { EmbeddedPostgresStartError } from './embedded-postgres.errors.js';
import type { ServerUser } from './server-user.js';

/** What the guard is told to run, and how to stop it. */
export interface GuardedProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Gets all that the program prints; emptied first. */
  readonly logFile: string;
  readonly user: ServerUser | undefined;
  /** Signals in order, each with the time to wait before the next. */
  readonly stopSteps: readonly { readonly signal: NodeJS.Signals; readonly patienceMs: number }[];
  readonly windowsStop?: { readonly command: string; readonly args: readonly string[] };
}

/** How a guarded program ended; `unguarded` if it was the guard that ended, and the program may still run. */
export type GuardedEnd =
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: string | null }
  | { readonly kind: 'unguarded' };

type GuardEvent =
  | { readonly event: 'started'; readonly pid: number }
  | { readonly event: 'refused'; readonly reason: string }
  | { readonly event: 'ended'; readonly code: number | null; readonly signal: string | null };

interface Guard {
  readonly process: ChildProcess;
  /** Closing it is the order to stop. */
  readonly hold: Writable;
  readonly output: Readable;
}

const GUARD = scriptArguments(GUARD_SOURCE, 'guard.mjs');
const LOG_LINES = 12;

/**
 * A program that ends with this process, even when this process is killed: `guard.mjs` runs it and holds a pipe to
 * here. Guard and program have sessions of their own, so that Ctrl-C in a terminal reaches neither.
 *
 * It doesn't keep this process from ending by itself.
 */
export class GuardedProcess {
  private constructor(
    /** The program's pid, not the guard's. */
    readonly pid: number,
    readonly guardPid: number,
    /** Never rejects. Resolves when program and guard are gone, or the guard alone. */
    readonly ended: Promise<GuardedEnd>,
    private readonly guard: Guard,
    private readonly logFile: string,
  ) {}

  /**
   * Resolves when the program runs.
   *
   * @throws EmbeddedPostgresStartError where it can't be run
   */
  static async start(program: GuardedProgram): Promise<GuardedProcess> {
    const guard = await spawnGuard(program);
    const events = guardEvents(guard);
    const first = await events.next();
    if (first.done === true || first.value.event !== 'started' || guard.process.pid === undefined) {
      guard.hold.destroy();
      const reason =
        first.done !== true && first.value.event === 'refused' ? first.value.reason : 'its guard failed';
      const log = await tailOf(program.logFile);
      throw new EmbeddedPostgresStartError(`${program.command} can't be run (${reason})`, log);
    }
    const ended = awaitEnd(guard.process, events);
    return new GuardedProcess(first.value.pid, guard.process.pid, ended, guard, program.logFile);
  }

  /** Lets this process end while the program runs; its end then stops the program. */
  unref(): void {
    this.guard.process.unref();
    toggle(this.guard.hold, 'unref');
    toggle(this.guard.output, 'unref');
  }

  /** Stops the program. Resolves as `ended` does. */
  async stop(): Promise<GuardedEnd> {
    this.guard.process.ref();
    toggle(this.guard.output, 'ref');
    this.guard.hold.destroy();
    return await this.ended;
  }

  /** The last lines that the program printed. */
  async logTail(): Promise<string> {
    return await tailOf(this.logFile);
  }
}

async function spawnGuard(program: GuardedProgram): Promise<Guard> {
  // An earlier file may belong to another user; a new one is this user's for sure.
  await rm(program.logFile, { force: true });
  const log = await open(program.logFile, 'ax', 0o600);
  try {
    return spawnWithLog(program, log.fd);
  } finally {
    await log.close();
  }
}

function spawnWithLog(program: GuardedProgram, log: number): Guard {
  const order = JSON.stringify({ ...program, env: programEnvironment() });
  const guard = spawn(process.execPath, ['--max-old-space-size=16', ...GUARD, order], {
    cwd: '/',
    detached: true,
    // Not this process's: NODE_OPTIONS could load a debugger or a loader into the guard.
    env: programEnvironment(),
    stdio: ['pipe', 'pipe', log],
    windowsHide: true,
  });
  const { stdin, stdout } = guard;
  if (stdin === null || stdout === null) throw new Error('A guard was spawned without its pipes');
  // Without a listener a guard that can't be spawned would throw; its output then ends at once.
  guard.on('error', () => undefined);
  // Writing never happens, so what can fail is the end of a guard that is gone already.
  stdin.on('error', () => undefined);
  return { process: guard, hold: stdin, output: stdout };
}

/** No `PG*` variable of this process may reach the server; the C locale keeps its messages in one language. */
function programEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH'];
  const values = kept.map((name) => [name, process.env[name]] as const);
  return { ...Object.fromEntries(values.filter(([, value]) => value !== undefined)), LC_ALL: 'C' };
}

async function tailOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  } catch {
    return '';
  }
}

async function* guardEvents(guard: Guard): AsyncGenerator<GuardEvent, undefined> {
  for await (const line of createInterface({ input: guard.output })) {
    const event: unknown = JSON.parse(line);
    if (isGuardEvent(event)) yield event;
  }
  return undefined;
}

async function awaitEnd(
  guard: ChildProcess,
  events: AsyncGenerator<GuardEvent, undefined>,
): Promise<GuardedEnd> {
  const next = await events.next();
  if (guard.exitCode === null && guard.signalCode === null) await once(guard, 'exit');
  if (next.done === true || next.value.event !== 'ended') return { kind: 'unguarded' };
  return { kind: 'ended', code: next.value.code, signal: next.value.signal };
}

function isGuardEvent(value: unknown): value is GuardEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['started', 'refused', 'ended'].includes(String(Reflect.get(value, 'event')))
  );
}

/** Pipes to a child are sockets, though their type doesn't say so. */
function toggle(pipe: Readable | Writable, method: 'ref' | 'unref'): void {
  const action: unknown = Reflect.get(pipe, method);
  if (typeof action === 'function') action.call(pipe);
}
