import { fileURLToPath } from 'node:url';

import type { SettingsOverrides, WorkerBootstrapConfig } from '../../src/index.js';
import type { Lab } from './lab.js';
import { Program } from './program.js';
import { until } from './until.js';
import type { WorkerMessage } from './worker.process.js';

const FILE = fileURLToPath(new URL('./worker.process.ts', import.meta.url));

export type HandlerMessage = Extract<WorkerMessage, { event: 'handler' }>;
type WorkerProcessConfig = WorkerBootstrapConfig & { readonly settings?: SettingsOverrides };
type Ready = Extract<WorkerMessage, { event: 'ready' }>;

/** A worker in a process of its own; see `worker.process.ts`. */
export class WorkerProcess {
  private constructor(
    readonly program: Program,
    readonly url: string | null,
  ) {}

  /** Makes the tables that the handlers write to. */
  static async prepare(lab: Lab): Promise<void> {
    await lab.rows('CREATE TABLE history (task_uuid uuid, step text, attempt int, lost_count int, pid int)');
    await lab.rows('CREATE TABLE ledger (note text)');
  }

  /** Starts one, and waits until it is ready. */
  static async start(lab: Lab, config: WorkerProcessConfig = {}): Promise<WorkerProcess> {
    const program = WorkerProcess.launch(lab, config);
    const ready = await until('the worker process is ready', () => {
      if (!program.running) throw new Error(`The worker process did not start:\n${program.output}`);
      return program.messages(isReady)[0];
    });
    return new WorkerProcess(program, ready.url);
  }

  /** Starts one that may end by its first step, before it could say that it is ready. */
  static launch(lab: Lab, { settings, ...config }: WorkerProcessConfig = {}): Program {
    return Program.typescript(FILE, {
      LAB_WORKER: JSON.stringify({
        enableWebApi: false,
        ...config,
        settings: {
          databaseUrl: lab.databaseUrl,
          templatePaths: [lab.templates.path],
          port: 0,
          pollIntervalMs: 100,
          retryJitter: false,
          ...settings,
        },
      }),
    });
  }

  get pid(): number {
    return this.program.pid;
  }

  /** Handlers that have told that they are at work, in order. */
  get handlers(): readonly HandlerMessage[] {
    return this.program.messages(isHandler);
  }

  /** Resolves when this many handlers have told that they are at work. */
  async working(count = 1): Promise<readonly HandlerMessage[]> {
    return until(`${count} handler(s) of process ${this.pid} are at work`, () =>
      this.handlers.length >= count ? this.handlers : null,
    );
  }

  /** Lets all handlers that wait go on. */
  letGo(): void {
    this.program.send({ go: 'on' });
  }
}

function isReady(message: unknown): message is Ready {
  return eventOf(message) === 'ready';
}

function isHandler(message: unknown): message is HandlerMessage {
  return eventOf(message) === 'handler';
}

function eventOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'event' in message ? message.event : undefined;
}
