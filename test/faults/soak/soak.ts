import { execFile } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect, promisify } from 'node:util';

import { Program } from '../../support/program.js';
import { FaultServer } from '../world/fault-server.js';
import { World } from '../world/world.js';
import { pick } from './disturbances.js';
import { SoakCrew } from './soak-crew.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

const MIX = ['chain', 'diamond', 'payment', 'flaky', 'fan', 'lone', 'twins', 'patient'] as const;
/** So many tasks are under way while nothing keeps them from it. */
const TASKS_UNDER_WAY = 60;
const LOAD_PAUSE_MS = 300;
/** How much of the time passes between two looks at what has become of it. */
const LONGEST_EPOCH_MINUTES = 5;
/** What a long life may add to a heap: caches that were not full yet when it was measured first. */
const HEAP_BOUND_BYTES = 5_000_000;
const MOST_CONNECTIONS = 12;

const FORGET = `TRUNCATE tasker.tasks, tasker.steps, tasker.events, faults.ledger, faults.effects`;

/**
 * All faults at random over mixed workflows, for as long as is wished. Every few minutes they cease, everything comes to its
 * end, and the checker looks. Answers whether it found nothing. Choices are seeded; when things happen is not.
 */
export async function soak({ minutes, seed, say }: SoakOptions): Promise<boolean> {
  const server = await FaultServer.start();
  const world = await World.open({ server, compiled: await Program.compile() }, seed);
  const run = new Soak(world, await SoakCrew.hire(world), say);
  const epochs = Math.max(2, Math.ceil(minutes / LONGEST_EPOCH_MINUTES));
  try {
    for (let epoch = 1; epoch <= epochs; epoch += 1) await run.epoch((minutes * 60_000) / epochs);
    await run.end();
  } catch (error) {
    run.problems.push(inspect(error));
  } finally {
    await world.close();
    await server.end();
  }
  run.problems.push(...(await leftovers()));
  run.summarise();
  return run.problems.length === 0;
}

class Soak {
  readonly problems: string[] = [];
  private readonly faults = new Map<string, number>();
  private tasks = 0;
  private steps = 0;
  private starts = 0;
  private refused = 0;
  private firstHeap: number | undefined;
  private lastHeap = 0;
  private calm = true;

  constructor(
    private readonly world: World,
    private readonly crew: SoakCrew,
    private readonly say: (line: string) => void,
  ) {}

  async epoch(lengthMs: number): Promise<void> {
    const deadline = performance.now() + lengthMs;
    this.calm = false;
    const load = this.load();
    while (performance.now() < deadline) {
      await delay(300 + this.world.random.below(2_500));
      this.crew.replaceDead();
      const disturbance = pick(this.world);
      try {
        await disturbance.cause(this.world, this.crew);
      } catch (error) {
        throw new Error(`"${disturbance.name}" could not be caused`, { cause: error });
      }
      this.faults.set(disturbance.name, (this.faults.get(disturbance.name) ?? 0) + 1);
    }
    this.calm = true;
    await load;
    await this.look();
  }

  async end(): Promise<void> {
    const workers = this.world.running;
    for (const worker of workers) {
      const { code } = await worker.end();
      if (code !== 0) this.problems.push(`${worker.name} ended with code ${code}:\n${worker.output}`);
    }
    const { open } = await this.world.row<{ open: number }>(
      `SELECT count(*)::integer AS open FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'tasker-nest % worker-%'`,
    );
    if (open > 0) this.problems.push(`${open} connections are left of workers that have ended`);
    this.problems.push(...this.crew.oddExits);
    const grown = this.lastHeap - (this.firstHeap ?? 0);
    if (grown > HEAP_BOUND_BYTES)
      this.problems.push(`The heap of ${this.crew.veteran.name} has grown by ${grown} bytes`);
  }

  summarise(): void {
    const faults = [...this.faults].toSorted(([left], [right]) => left.localeCompare(right));
    this.say(`
tasks run        ${this.tasks} (${this.refused} more were refused while the database was away)
steps run        ${this.steps}, in ${this.starts} attempts
faults injected  ${faults.reduce((sum, [, count]) => sum + count, 0)}: ${faults.map(([name, count]) => `${name} ${count}`).join(', ')}
heap             ${megabytes(this.firstHeap ?? 0)} MB at first, ${megabytes(this.lastHeap)} MB at the end
violations       ${this.problems.length}`);
    for (const problem of this.problems) this.say(`  ${problem}`);
  }

  /** Keeps so many tasks under way. */
  private async load(): Promise<void> {
    while (!this.calm) {
      try {
        const { open } = await this.world.row<{ open: number }>(
          'SELECT count(*)::integer AS open FROM tasker.tasks WHERE status = 0',
        );
        if (open < TASKS_UNDER_WAY) await this.world.submit(this.world.random.shuffled(MIX), 20);
      } catch {
        // The server is away: whoever submits is told so, and nothing is promised.
        this.refused += 20;
      }
      await delay(LOAD_PAUSE_MS);
    }
  }

  /** Nothing disturbs any more: everything ends, and then the checker looks. */
  private async look(): Promise<void> {
    this.crew.replaceDead();
    await this.world.settled();
    const { tasks, violations } = await this.world.judge();
    for (const { invariant, what } of violations) this.problems.push(`${invariant}: ${what}`);
    this.tasks += tasks.length;
    this.steps += tasks.reduce((sum, task) => sum + task.steps.length, 0);
    const starts = this.world.history.read().filter(({ event }) => event === 'start').length;
    this.starts += starts;
    const { heapBytes } = await this.crew.veteran.statistics();
    this.firstHeap ??= heapBytes;
    this.lastHeap = heapBytes;
    const { most } = await this.world.row<{ most: number }>(
      `SELECT max(count)::integer AS most FROM (
         SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name ~ '^tasker-nest .* worker-'
         GROUP BY regexp_replace(application_name, '^.* ', '')) each`,
    );
    if (most > MOST_CONNECTIONS)
      this.problems.push(`A worker has ${most} connections, at most ${MOST_CONNECTIONS} are its own`);
    this.say(
      `${tasks.length} tasks, ${starts} attempts, ${violations.length} violations; heap ${megabytes(heapBytes)} MB; at most ${most} connections a worker`,
    );
    await this.world.rows(FORGET);
    await truncate(this.world.history.file);
    this.world.acknowledged.length = 0;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Processes that we have started and that have not ended. */
async function leftovers(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,pid=,args=']);
  return stdout
    .split('\n')
    .filter((line) => line.trim().startsWith(`${process.pid} `) && !/ps -A/.test(line))
    .map((line) => `A process is left: ${line.trim()}`);
}
