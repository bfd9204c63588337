import { fileURLToPath } from 'node:url';

import { Program } from '../../support/program.js';
import type { ProgramEnd } from '../../support/program.js';
import type {
  FaultWorkerMessage,
  FaultWorkerOptions,
  FaultWorkerOrder,
} from '../worker/fault-worker.process.js';
import type { Struck } from '../worker/fault-points.js';
import { requestFor } from '../../support/workflows.js';
import { WORKFLOWS } from '../workflows.js';
import type { WorkflowName } from '../workflows.js';
import { eventually } from './eventually.js';

const FILE = fileURLToPath(new URL('../worker/fault-worker.process.ts', import.meta.url));

type Statistics = Extract<FaultWorkerMessage, { event: 'statistics' }>;
type Message = FaultWorkerMessage | Struck;

/** A worker in a process of its own; see `fault-worker.process.ts`. */
export class FaultWorker {
  private constructor(private readonly program: Program) {}

  static launch(options: FaultWorkerOptions): FaultWorker {
    return new FaultWorker(
      Program.typescript(FILE, { FAULT_WORKER: JSON.stringify(options), NODE_OPTIONS: '--expose-gc' }),
    );
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
    await this.told('ready');
  }

  /** Resolves when it has told this so often. */
  async told(event: Message['event'], count = 1): Promise<void> {
    await eventually(`process ${this.pid} tells "${event}" ${count} time(s)`, () => {
      if (this.messages(event).length >= count) return true;
      if (!this.running) throw new Error(`It ended without telling "${event}":\n${this.output}`);
      return false;
    });
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

  /** Lets the worker submit, one after the other, and answers with the tasks that were acknowledged to it. */
  async submit(names: readonly WorkflowName[], count: number): Promise<readonly string[]> {
    const requests = Array.from({ length: count }, (_, n) =>
      requestFor(WORKFLOWS[names[n % names.length] ?? 'lone']),
    );
    this.order({ do: 'submit', requests });
    await this.told('submitted');
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
