import { setTimeout as delay } from 'node:timers/promises';

import { InvalidStateError } from '../../../src/index.js';
import type { FaultPoint } from '../worker/fault-points.js';
import type { World } from '../world/world.js';
import type { SoakCrew } from './soak-crew.js';

/** Something that goes wrong, and is over when the promise resolves. */
export interface Disturbance {
  readonly name: string;
  /** How often it comes, against the others. */
  readonly weight: number;
  cause(world: World, crew: SoakCrew): Promise<void>;
}

const COMMITS = ['submit', 'claim', 'complete', 'extend', 'release', 'reclaim', 'commit'] as const;

async function during(world: World, mostMs: number): Promise<void> {
  await delay(500 + world.random.below(mostMs));
}

function oneOf<T>(world: World, items: readonly T[]): T | undefined {
  return items[world.random.below(items.length)];
}

function fault(world: World): FaultPoint {
  const at = oneOf(world, COMMITS) ?? 'complete';
  const skip = world.random.below(10);
  const when = world.random.chance(0.5) ? 'before' : 'after';
  const action =
    oneOf(world, ['kill', 'lose', 'lose', 'deadlock', 'serialization', 'stop'] as const) ?? 'lose';
  if (action === 'deadlock' || action === 'serialization') return { at, skip, when: 'before', action };
  return { at, skip, when, action };
}

async function restartServer(world: World, how: 'fast' | 'crash'): Promise<void> {
  await world.restartServer(how, () => during(world, 2_000));
}

export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'kill -9',
    weight: 3,
    cause: async (world, crew) => oneOf(world, crew.expendable)?.kill(),
  },
  {
    name: 'SIGSTOP, SIGCONT',
    weight: 3,
    cause: async (world, crew) => {
      const worker = oneOf(world, crew.everyone);
      worker?.signal('SIGSTOP');
      await during(world, 5_000);
      worker?.signal('SIGCONT');
    },
  },
  {
    name: 'rolling restart',
    weight: 3,
    cause: async (world, crew) => {
      const worker = oneOf(world, crew.expendable);
      if (worker !== undefined) await crew.restart(worker);
    },
  },
  {
    name: 'fault point',
    weight: 6,
    cause: async (world, crew) => {
      const worker = oneOf(world, crew.expendable);
      worker?.arm([fault(world)]);
      await during(world, 4_000);
      // Where it has stopped.
      if (worker?.running === true) worker.signal('SIGCONT');
    },
  },
  {
    name: 'answers lost for all',
    weight: 3,
    cause: async (world, crew) => {
      const at = oneOf(world, COMMITS) ?? 'complete';
      for (const worker of [crew.veteran, ...crew.expendable])
        worker.arm([{ at, when: 'after', action: 'lose', skip: world.random.below(3) }]);
    },
  },
  {
    name: 'connections cut',
    weight: 3,
    cause: async (world) => world.server.proxy.cut(),
  },
  {
    name: 'network silent',
    weight: 2,
    cause: async (world) => {
      world.server.proxy.silence();
      await during(world, 6_000);
      world.server.proxy.open();
    },
  },
  {
    name: 'network closed',
    weight: 2,
    cause: async (world) => {
      world.server.proxy.close();
      await during(world, 4_000);
      world.server.proxy.open();
    },
  },
  {
    name: 'listener half-open',
    weight: 1,
    cause: async (world) => {
      world.server.proxy.silenceThose('tasker-nest listener');
    },
  },
  {
    name: 'backends terminated',
    weight: 2,
    cause: async (world) => {
      await world.terminateBackends(world.random.chance(0.5) ? '%worker-%' : 'tasker-nest listener%');
    },
  },
  { name: 'server restarted', weight: 1, cause: (world) => restartServer(world, 'fast') },
  { name: 'server crashed', weight: 1, cause: (world) => restartServer(world, 'crash') },
  {
    name: 'server read-only',
    weight: 1,
    cause: async (world) => {
      await world.setReadOnly(true);
      await world.terminateBackends('%worker-%');
      await during(world, 2_000);
      await world.setReadOnly(false);
    },
  },
  {
    name: 'notification flood',
    weight: 1,
    cause: async (world) => {
      await world.rows(
        `SELECT pg_notify((ARRAY['tasker_ready', 'tasker_tasks'])[1 + n % 2], 'garbage ' || n)
         FROM generate_series(1, 10000) AS n`,
      );
    },
  },
  {
    name: 'tasks cancelled',
    weight: 2,
    cause: async (world) => {
      const open = await world.rows<{ task_uuid: string }>(
        'SELECT task_uuid FROM tasker.tasks WHERE status = 0 ORDER BY random() LIMIT 5',
      );
      await Promise.all(
        open.map(async ({ task_uuid }) => {
          try {
            await world.client.cancel(task_uuid);
          } catch (error) {
            if (!(error instanceof InvalidStateError)) throw error;
          }
        }),
      );
    },
  },
  {
    name: 'deadly step',
    weight: 0.2,
    cause: async (world) => {
      await world.submit(['deadly'], 1);
    },
  },
];

/** A disturbance by weight. */
export function pick(world: World): Disturbance {
  const total = DISTURBANCES.reduce((sum, { weight }) => sum + weight, 0);
  let left = world.random.next() * total;
  for (const disturbance of DISTURBANCES) {
    left -= disturbance.weight;
    if (left < 0) return disturbance;
  }
  throw new Error('unreachable: the weights add up to their sum');
}
