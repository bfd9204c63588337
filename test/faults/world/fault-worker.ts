import { spawn } from 'node:child_process';

import type { TaskRequest } from '../../../src/index.js';
import { Program } from '../../support/program.js';
import type { ProgramEnd } from '../../support/program.js';
import type { FaultPoint, Struck } from '../worker/fault-points.js';
import type {
  FaultWorkerMessage,
  FaultWorkerOptions,
  FaultWorkerOrder,
} from '../worker/fault-worker.process.js';
import { eventually } from './eventually.js';

const FILE = 'test/faults/worker/fault-worker.process.ts';

type Message = FaultWorkerMessage | Struck;
export type Statistics = Extract<FaultWorkerMessage, { event: 'statistics' }>;

/** Node takes a while to start on a busy machine. */
const START_PATIENCE_MS = 120_000;

/** A worker in a process of its own; see `fault-worker.process.ts`. */
export class FaultWorker {
  private constructor(
    readonly name: string,
    private readonly program: Program,
  ) {
    killWithUs(program);
  }

  /** `compiled`: from `Program.compile`. */
  static launch(
    compiled: string,
    options: FaultWorkerOptions & { readonly name: string; readonly clockShiftMs: number },
  ): FaultWorker {
    const environment = {
      FAULT_WORKER: JSON.stringify(options),
      CLOCK_SHIFT_MS: String(options.clockShiftMs),
    };
    return new FaultWorker(options.name, Program.compiled(compiled, FILE, environment, ['--expose-gc']));
  }

  get pid(): number {
    return this.program.pid;
  }

  get running(): boolean {
    return this.program.running;
  }

  get exited(): Promise<ProgramEnd> {
    return this.program.exited;
  }

  get output(): string {
    return this.program.output;
  }

  async ready(): Promise<void> {
    await this.told('ready', 1, START_PATIENCE_MS);
  }

  /** Resolves when it has told this so often. */
  async told(event: Message['event'], count = 1, patienceMs?: number): Promise<void> {
    await eventually(
      `process ${this.pid} tells "${event}" ${count} time(s)`,
      () => {
        if (this.messages(event).length >= count) return true;
        if (!this.running) throw new Error(`It ended without telling "${event}":\n${this.output}`);
        return false;
      },
      patienceMs,
    );
  }

  messages(event: Message['event']): readonly Message[] {
    return this.program.messages(
      (message): message is Message => Reflect.get(Object(message), 'event') === event,
    );
  }

  /** Where it listens; null without a web API. */
  get url(): string | null {
    const [ready] = this.messages('ready');
    return ready?.event === 'ready' ? ready.url : null;
  }

  /** Lets the handlers go on that hold. */
  letGo(): void {
    this.order({ do: 'let go' });
  }

  /** From now on these strike too. */
  arm(faultPoints: readonly FaultPoint[]): void {
    this.order({ do: 'arm', faultPoints });
  }

  /** Lets the worker submit, one after the other or all at once, and answers with the tasks that were acknowledged to it. */
  async submit(requests: readonly TaskRequest[], together = false): Promise<readonly string[]> {
    const before = this.messages('submitted').length;
    this.order({ do: 'submit', requests, together });
    await this.told('submitted', before + 1);
    const told = this.messages('submitted').at(-1);
    return told?.event === 'submitted' ? told.taskUuids : [];
  }

  async statistics(): Promise<Statistics> {
    const before = this.messages('statistics').length;
    this.order({ do: 'tell statistics' });
    await this.told('statistics', before + 1);
    const last = this.messages('statistics').at(-1);
    if (last?.event !== 'statistics') throw new Error('unreachable: it has just been told');
    return last;
  }

  signal(signal: NodeJS.Signals): void {
    this.program.signal(signal);
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Stops it in order, wherever it stands. */
  async end(): Promise<ProgramEnd> {
    if (!this.running) return this.exited;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    return this.exited;
  }

  private order(order: FaultWorkerOrder): void {
    this.program.send(order);
  }
}

/** A process that is stopped would not notice that we are gone: somebody else kills it then. */
function killWithUs(program: Program): void {
  const reaper = spawn('sh', ['-c', 'cat >/dev/null; kill -KILL "$0" 2>/dev/null', String(program.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  void program.exited.then(() => reaper.kill('SIGKILL'));
}
