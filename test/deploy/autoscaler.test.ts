import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { loadSettings } from '../../src/config/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import { configured, written } from './manifests.js';
import type { Manifest } from './manifests.js';
import { at, workloadsIn } from './workloads.js';

jest.setTimeout(120_000);

describe('The autoscaler', () => {
  let scaler: Manifest;
  let query: string;
  let lab: Lab | undefined;

  beforeAll(async () => {
    const found = (await written()).find(({ kind }) => kind === 'ScaledObject');
    if (found === undefined) throw new Error('There is no ScaledObject');
    scaler = found;
    query = String(at(scaler, 'spec', 'triggers', '0', 'metadata', 'query'));
  });

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  it('asks for what waits and what runs', async () => {
    const three = workflow('three', { first: {}, second: {}, third: {} });
    lab = await Lab.open(three);
    const rows = lab.rows.bind(lab);
    const api = await lab.worker({ settings: { role: 'api' } });
    const load = async (): Promise<number> => {
      await rows('SELECT tasker.sample_queue(1000, 0)');
      const answer = await rows(query);
      // One number, as KEDA expects.
      expect(answer.map((row) => Object.keys(row).length)).toEqual([1]);
      return Number(Object.values(answer[0] ?? {})[0]);
    };
    expect(await load()).toBe(0);
    await api.client.submit(requestFor(three));
    // Who asks gets the last look; the next one is taken once it is old enough for what it cost.
    await until('what waits is seen', async () => (await load()) === 3);

    const done = new Happening();
    const handler = () => done.happened.then(() => null);
    await lab.worker({ handlers: { first: handler, second: handler, third: handler } });
    await until('all three run', async () => {
      const [row] = await rows<{ running: string }>('SELECT tasker.running_steps() AS running');
      return row?.running === '3';
    });
    await until('what runs is seen, and no longer as waiting', async () => {
      const [row] = await rows<{ depth: number }>('SELECT tasker.queue_depth() AS depth');
      return (await load()) === 3 && row?.depth === 0;
    });
    done.happen();
    await until('nothing is left to do', async () => (await load()) === 0);
  });

  it('scales the workers, never to none, and has the number of replicas to itself', async () => {
    const manifests = await written();
    const target = at(scaler, 'spec', 'scaleTargetRef', 'name');
    expect(workloadsIn(manifests).find(({ manifest }) => manifest.metadata.name === target)?.component).toBe(
      'worker',
    );
    expect(at(scaler, 'spec', 'minReplicaCount')).toBeGreaterThan(0);
    expect(manifests.map(({ kind }) => kind)).not.toContain('HorizontalPodAutoscaler');
  });

  it('has a worker for as many steps as one runs at once', async () => {
    const target = Number(at(scaler, 'spec', 'triggers', '0', 'metadata', 'targetQueryValue'));
    expect(target).toBeGreaterThan(0);
    expect(target).toBeLessThanOrEqual(loadSettings(await configured()).worker.maxConcurrency);
  });

  it('lets no more workers come than a PostgreSQL as it is installed has connections for', async () => {
    const { poolSize } = loadSettings(await configured()).database;
    const api = workloadsIn(await written()).find(({ component }) => component === 'api');
    // Each Deployment has a pod more while a release follows another; the last two are KEDA and the migration Job.
    const pods = {
      api: Number(api?.replicas) + 1,
      worker: Number(at(scaler, 'spec', 'maxReplicaCount')) + 1,
    };
    const connections = pods.api * (poolSize + 1) + pods.worker * (poolSize + 2) + 2;
    // 100, of which three are kept for superusers.
    expect(connections).toBeLessThanOrEqual(97);
  });
});
