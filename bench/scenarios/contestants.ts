import { fileURLToPath } from 'node:url';

import { EngineProcess } from '../engines/index.js';
import type { EngineOptions } from '../engines/index.js';
import { ResourceMeter } from '../measures/index.js';
import type { BenchServer } from '../server/index.js';

/** The names under which engines are reported. */
export const TASKER = 'tasker-nest';
export const LOOP = 'loop';
export const CEILING = 'ceiling';

const TASKER_FILE = new URL('../tasker/tasker.process.ts', import.meta.url);

const FILES: Readonly<Record<string, URL>> = {
  [TASKER]: TASKER_FILE,
  [LOOP]: new URL('../loop/loop.process.ts', import.meta.url),
  [CEILING]: new URL('../ceiling/ceiling.process.ts', import.meta.url),
};

/** An engine that runs, on a database of its own. */
export interface Contestant {
  readonly name: string;
  /** What is special about it, where two of one name are measured. */
  readonly variant?: string;
  /** Of the tasks of a round, the part that it is given; all where left out. */
  readonly share?: number;
  /** The same of the tasks that are run one after another. */
  readonly loneShare?: number;
  /** Whether it is stopped while it is not its turn. */
  readonly standsStill: boolean;
  readonly process: EngineProcess;
  readonly meter: ResourceMeter;
  readonly database: string;
  readonly databaseUrl: string;
}

/** What an engine may be given by the scenario that starts it. */
export type GivenOptions = Pick<EngineOptions, 'concurrency' | 'settings' | 'namespaces'>;

/** Starts engines of this bench. */
export class Contestants {
  private readonly running: EngineProcess[] = [];
  private databases = 0;

  constructor(
    private readonly server: BenchServer,
    private readonly templateFolder: string,
    private readonly profileFolder: string | null = null,
  ) {}

  /** An engine by its name, on a new database, with its own defaults for what is not given. */
  async start(name: string, given: GivenOptions = {}): Promise<Contestant> {
    const file = FILES[name];
    if (file === undefined) throw new Error(`There is no engine ${name}`);
    return this.startFile(name, file, given);
  }

  /** An engine by the program that serves it, on a new database. */
  async startFile(name: string, file: URL, given: GivenOptions): Promise<Contestant> {
    this.databases += 1;
    const database = `bench_${this.databases}`;
    await this.server.createDatabase(database);
    return this.launch(name, file, database, given);
  }

  /** The service, on a database that is there. */
  startOn(database: string, given: GivenOptions): Promise<Contestant> {
    return this.launch(TASKER, TASKER_FILE, database, given);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running.map((process) => process.stop()));
  }

  /** For a run that has failed. */
  killAll(): void {
    for (const process of this.running) process.kill();
  }

  private async launch(name: string, file: URL, database: string, given: GivenOptions): Promise<Contestant> {
    const databaseUrl = this.server.urlOf(database);
    const profiling = this.profileFolder === null ? {} : { profileFolder: this.profileFolder };
    const process = await EngineProcess.start({
      file: fileURLToPath(file),
      options: { databaseUrl, templateFolder: this.templateFolder, ...given, ...profiling },
    });
    this.running.push(process);
    const meter = new ResourceMeter(this.server.observer, this.server.pid, process.pid);
    return { name, process, meter, database, databaseUrl, standsStill: name !== TASKER };
  }
}
