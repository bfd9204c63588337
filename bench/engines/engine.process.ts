import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

import type { Batch, BatchTimes, PacedBatch } from './bench-engine.js';
import { isAnswer } from './engine.messages.js';
import type { EngineAnswer, EngineRequest } from './engine.messages.js';

type RequestBody = EngineRequest extends infer Request
  ? Request extends EngineRequest
    ? Omit<Request, 'id'>
    : never
  : never;

interface Waiting {
  resolve(answer: EngineAnswer): void;
  reject(error: Error): void;
}

export interface EngineLaunch {
  readonly file: string;
  /** What the engine is started with; it finds it as JSON in BENCH_ENGINE. */
  readonly options: object;
  readonly nodeArguments?: readonly string[];
}

/** Of this process, none of which may outlive it, least of all one that is stopped. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** An engine under test in a process of its own, as the bench sees it. */
export class EngineProcess {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      if (!isAnswer(message)) return;
      this.waiting.get(message.id)?.resolve(message);
      this.waiting.delete(message.id);
    });
    children.add(child);
    child.on('exit', (code, signal) => {
      children.delete(child);
      for (const waiting of this.waiting.values())
        waiting.reject(new Error(`The engine's process ended (exit code ${code}, signal ${signal})`));
      this.waiting.clear();
    });
  }

  /** Resolves when the engine is ready. Its output goes to standard error only where it fails, so the log is written but unread. */
  static async start({ file, options, nodeArguments = [] }: EngineLaunch): Promise<EngineProcess> {
    const child = spawn(process.execPath, [...process.execArgv, ...nodeArguments, file], {
      env: { ...process.env, BENCH_ENGINE: JSON.stringify(options) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const engine = new EngineProcess(child);
    await engine.answer(0);
    return engine;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** `check` is to follow. */
  run(batch: Batch): Promise<BatchTimes> {
    return this.times({ method: 'run', batch });
  }

  /** Rejects where a result of the last `run` is missing or wrong. */
  async check(): Promise<void> {
    await this.ask({ method: 'check' });
  }

  submit(batch: Batch): Promise<BatchTimes> {
    return this.times({ method: 'submit', batch });
  }

  submitOneByOne(batch: Batch): Promise<BatchTimes> {
    return this.times({ method: 'submitOneByOne', batch });
  }

  runAlone(batch: Batch): Promise<readonly number[]> {
    return this.latencies({ method: 'runAlone', batch });
  }

  runPaced(batch: PacedBatch): Promise<readonly number[]> {
    return this.latencies({ method: 'runPaced', batch });
  }

  /** How many queries it has sent since it started. */
  async queries(): Promise<number> {
    const { value } = await this.ask({ method: 'queries' });
    if (typeof value !== 'number') throw new Error('This engine does not count its queries');
    return value;
  }

  /** Safe to call after the process has ended. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.signal('SIGCONT');
    const ended = once(this.child, 'exit');
    await this.ask({ method: 'stop' });
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process at once. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private async times(body: RequestBody): Promise<BatchTimes> {
    const { value } = await this.ask(body);
    if (typeof value !== 'object' || value === null || !('seconds' in value))
      throw new Error(`${body.method}: no times came`);
    return value;
  }

  private async latencies(body: RequestBody): Promise<readonly number[]> {
    const { value } = await this.ask(body);
    if (!Array.isArray(value)) throw new Error(`${body.method}: no latencies came`);
    return value.map(Number);
  }

  private async ask(body: RequestBody): Promise<EngineAnswer> {
    this.lastId += 1;
    const id = this.lastId;
    const answer = this.answer(id);
    this.child.send({ id, ...body });
    return answer;
  }

  private async answer(id: number): Promise<EngineAnswer> {
    const answer = await new Promise<EngineAnswer>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
