import type { Random } from '../../support/random.js';
import { TemplateFolder } from '../../support/workflows.js';
import type { FaultWorker } from '../world/fault-worker.js';
import type { World, WorkerOptions } from '../world/world.js';
import { WORKFLOWS } from '../workflows.js';

const SIZE = 3;
const TEN_MINUTES_MS = 600_000;
const SHUTDOWN_SECONDS = 3;

/** The workers of a soak: one that lives for as long as it takes, and others that come and go. */
export class SoakCrew {
  /** Exits that nobody has caused. */
  readonly oddExits: string[] = [];
  private others: FaultWorker[] = [];

  private constructor(
    private readonly world: World,
    readonly veteran: FaultWorker,
  ) {}

  static async hire(world: World): Promise<SoakCrew> {
    // It does not know of the steps that kill.
    const { deadly: _, ...harmless } = WORKFLOWS;
    const templates = await TemplateFolder.make(Object.values(harmless));
    const veteran = await world.worker(settingsOf({ templates, without: ['die'] }));
    await templates.removeAll();
    const crew = new SoakCrew(world, veteran);
    crew.replaceDead();
    await Promise.all(crew.others.map((worker) => worker.ready()));
    return crew;
  }

  /** Those that may be killed and restarted, and are at work. */
  get expendable(): readonly FaultWorker[] {
    return this.others.filter((worker) => worker.running && worker.messages('ready').length > 0);
  }

  /** All that run. */
  get everyone(): readonly FaultWorker[] {
    return [this.veteran, ...this.others.filter(({ running }) => running)];
  }

  /** Fills the places of those that have ended, and finds fault with how they did. */
  replaceDead(): void {
    this.others = this.others.filter(({ running }) => running);
    while (this.others.length < SIZE) this.others.push(this.recruit());
  }

  /** Ends one in order; somebody else is there before. */
  async restart(worker: FaultWorker): Promise<void> {
    this.others.push(this.recruit());
    await worker.end();
  }

  private recruit(): FaultWorker {
    const worker = this.world.launch(settingsOf(oddities(this.world.random)));
    void this.watch(worker);
    return worker;
  }

  private async watch(worker: FaultWorker): Promise<void> {
    const { code, signal } = await worker.exited;
    // What never got ready may have met a server that only reads, or none at all; it says so and ends with 1.
    const refusedToStart = code === 1 && worker.messages('ready').length === 0;
    if (code === 0 || signal === 'SIGKILL' || refusedToStart) return;
    this.oddExits.push(`${worker.name} ended with code ${code}, signal ${signal}:\n${worker.output}`);
  }
}

/** Every other one has something about it. */
function oddities(random: Random): WorkerOptions {
  const clockShiftMs = (random.below(3) - 1) * TEN_MINUTES_MS;
  return random.chance(0.5) ? { clockShiftMs } : { workMs: random.below(200) };
}

function settingsOf(options: WorkerOptions): WorkerOptions {
  return { workMs: 20, ...options, settings: { shutdownTimeoutSeconds: SHUTDOWN_SECONDS } };
}
