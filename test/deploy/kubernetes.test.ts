import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { loadSettings, SETTINGS } from '../../src/config/index.js';
import type { Settings } from '../../src/config/index.js';
import { ServiceProcess } from '../e2e/service-process.js';
import { Lab } from '../support/lab.js';
import { Program } from '../support/program.js';
import { configured, FOLDER, HAS_KUBECTL, render, variablesIn, written } from './manifests.js';
import { manifestProblems } from './manifest-types.js';
import { at, workloadsIn } from './workloads.js';
import type { Workload } from './workloads.js';

jest.setTimeout(120_000);

/** What the shutdown may take beyond the drain: last records 5 s, subscribers 5 s, goodbyes to the database. */
const AFTER_DRAIN_SECONDS = 15;

const RENDERED = ['base', 'overlays/production', 'overlays/keda'];
/** Where each kind says which pods it means. */
const SELECTORS: Readonly<Record<string, readonly string[]>> = {
  Service: ['selector'],
  PodDisruptionBudget: ['selector', 'matchLabels'],
  NetworkPolicy: ['podSelector', 'matchLabels'],
  Deployment: ['selector', 'matchLabels'],
};

const withKubectl = HAS_KUBECTL ? describe : describe.skip;
const reason = HAS_KUBECTL ? '' : ' [skipped: kubectl is not installed]';

describe('The manifests as they are written', () => {
  it('have no wrong value and no unknown field', async () => {
    const manifests = await written();
    expect(manifests.length).toBeGreaterThan(10);
    expect(manifestProblems(manifests)).toEqual([]);
  });

  it.each([
    ['a field that does not exist', '"readOnlyRootFilesystem"', '"readOnlyRootFileSystem"'],
    ["one of KEDA's that does not exist", '"minReplicaCount"', '"minReplicas"'],
    ['a value of another type', '"backoffLimit":4', '"backoffLimit":"4"'],
    ['a word that is none of the choices', '"maxSkew":1', '"maxSkew":"one"'],
  ])('would not pass with %s', async (_, right, wrong) => {
    const text = JSON.stringify(await written());
    expect(text).toContain(right);
    expect(manifestProblems(JSON.parse(text.replaceAll(right, wrong)))).not.toEqual([]);
  });

  it('are pods that may do next to nothing', async () => {
    const workloads = workloadsIn(await written());
    expect(workloads.map(({ component }) => component).toSorted()).toEqual(['api', 'migration', 'worker']);
    for (const { pod, container } of workloads) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: expect.any(Number),
          seccompProfile: { type: 'RuntimeDefault' },
        },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
  });

  it('run as the user that the image names', async () => {
    const dockerfile = await readFile(join(FOLDER, '../../Dockerfile'), 'utf8');
    const [, uid, gid] = /^USER (\d+):(\d+)$/m.exec(dockerfile) ?? [];
    for (const { pod } of workloadsIn(await written())) {
      expect(pod.securityContext).toMatchObject({ runAsUser: Number(uid), runAsGroup: Number(gid) });
    }
  });

  it('start the image as the Dockerfile does, but for the migrations', async () => {
    const commands = workloadsIn(await written()).map(({ component, container: { command, args } }) => [
      component,
      command,
      args,
    ]);
    expect(new Map(commands.map(([component, ...rest]) => [component, rest]))).toEqual(
      new Map([
        ['api', [undefined, undefined]],
        ['worker', [undefined, undefined]],
        ['migration', [['node', '--enable-source-maps', 'dist/migrate.js'], undefined]],
      ]),
    );
  });

  it('have disruption budgets, services and policies that select the pods there are', async () => {
    const manifests = await written();
    const pods = workloadsIn(manifests);
    const selected = (selector: unknown): string =>
      pods
        .filter(({ labels }) => Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value))
        .map(({ component }) => component)
        .toSorted()
        .join(', ');
    const selections = manifests.flatMap((manifest) => {
      const { kind, metadata } = manifest;
      const path = SELECTORS[kind];
      return path === undefined
        ? []
        : [`${kind} ${metadata.name}: ${selected(at(manifest, 'spec', ...path))}`];
    });
    expect(selections.toSorted()).toEqual([
      'Deployment tasker-api: api',
      'Deployment tasker-worker: worker',
      'NetworkPolicy tasker-api: api',
      'NetworkPolicy tasker-worker: worker',
      'NetworkPolicy tasker: api, migration, worker',
      'PodDisruptionBudget tasker-api: api',
      'PodDisruptionBudget tasker-worker: worker',
      'Service tasker-api: api',
    ]);
  });

  it('let in what comes to the port of HTTP, and out what goes to DNS and PostgreSQL', async () => {
    const policies = (await written()).filter(({ kind }) => kind === 'NetworkPolicy');
    const ports = (direction: string): readonly unknown[] =>
      policies
        .map((policy) => at(policy, 'spec', direction))
        .flatMap((rules) => (Array.isArray(rules) ? rules : []))
        .flatMap((rule) => at(rule, 'ports'))
        .map((port) => `${String(at(port, 'protocol'))} ${String(at(port, 'port'))}`);
    expect(ports('ingress')).toEqual(['TCP http', 'TCP http']);
    expect(ports('egress')).toEqual(['UDP 53', 'TCP 53', 'TCP 5432']);
    expect(policies.map((policy) => at(policy, 'spec', 'policyTypes'))).toContainEqual(['Ingress', 'Egress']);
  });
});

describe('The settings that the pods are given', () => {
  let literals: Readonly<Record<string, string>>;
  let secrets: Readonly<Record<string, string>>;
  let workloads: readonly Workload[];

  beforeAll(async () => {
    literals = await configured();
    secrets = variablesIn(await readFile(join(FOLDER, 'overlays/production/secrets.env'), 'utf8'));
    workloads = workloadsIn(await written());
  });

  const settingsOf = ({ container }: Workload): Settings =>
    loadSettings({ ...literals, ...secrets, ...ownVariables(container.env) });

  it('are settings of the service, with values that it takes', () => {
    const known = new Set(SETTINGS.map(({ variable }) => variable));
    for (const workload of workloads) {
      const given = [literals, secrets, ownVariables(workload.container.env)].flatMap(Object.keys);
      expect(given.filter((name) => !known.has(name))).toEqual([]);
      expect(settingsOf(workload).database.databaseUrl).toBeDefined();
    }
  });

  it('give each Deployment its role, where others can reach it, on the port that it declares', () => {
    for (const workload of workloads.filter(({ manifest }) => manifest.kind === 'Deployment')) {
      const { service, http } = settingsOf(workload);
      expect(service.role).toBe(workload.component);
      expect(http).toMatchObject({ enableWebApi: true, host: '0.0.0.0' });
      expect(workload.container.ports).toEqual([{ name: 'http', containerPort: http.port }]);
    }
  });

  it('let a shutdown take as long as it may before the pod is killed', () => {
    for (const workload of workloads.filter(({ manifest }) => manifest.kind === 'Deployment')) {
      const { pod, container } = workload;
      const [, pause = '0'] = container.lifecycle?.preStop?.exec?.command ?? [];
      const { shutdownTimeoutSeconds } = settingsOf(workload).worker;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(
        Number(pause) + shutdownTimeoutSeconds + AFTER_DRAIN_SECONDS,
      );
    }
  });

  it('reach the database through the port that the network policy opens', async () => {
    const policy = (await written()).find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'tasker',
    );
    const port = at(policy, 'spec', 'egress', '1', 'ports', '0', 'port');
    expect(String(port)).toBe(new URL(secrets['DATABASE_URL'] ?? '').port);
  });
});

describe('The probes', () => {
  let lab: Lab;

  afterEach(async () => {
    await Program.killAll();
    await lab.close();
  });

  it.each(['api', 'worker'])('ask what a process of role %s answers with 200', async (role) => {
    lab = await Lab.open();
    const service = await ServiceProcess.start({ DATABASE_URL: lab.databaseUrl, TASKER_ROLE: role });
    const workload = workloadsIn(await written()).find(({ component }) => component === role);
    if (workload === undefined) throw new Error(`No workload for ${role}`);
    const { startupProbe, livenessProbe, readinessProbe } = workload.container;
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      expect(probe?.httpGet?.port).toBe('http');
      const answer = await fetch(new URL(probe?.httpGet?.path ?? 'nowhere', service.url));
      expect([probe?.httpGet?.path, answer.status]).toEqual([probe?.httpGet?.path, 200]);
    }
    // What asks for the database must not get a pod restarted.
    expect(livenessProbe?.httpGet?.path).toBe('/health/live');
    expect(startupProbe?.httpGet?.path).toBe('/health/live');
    expect(readinessProbe?.httpGet?.path).toBe('/health/ready');
  });
});

withKubectl(`What kubectl renders${reason}`, () => {
  it.each(RENDERED)('of %s has no wrong value and no unknown field', async (kustomization) => {
    expect(manifestProblems(await render(kustomization))).toEqual([]);
  });

  it.each(RENDERED)('of %s labels everything', async (kustomization) => {
    const manifests = await render(kustomization);
    const unlabelled = manifests.filter(
      ({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] !== 'tasker',
    );
    // Those two are the overlay's, to be made by others where they are there already.
    expect(unlabelled.filter(({ kind }) => kind !== 'Namespace' && kind !== 'Secret')).toEqual([]);
  });

  it.each(RENDERED.slice(1))('of %s refers to nothing that is not there', async (kustomization) => {
    const manifests = await render(kustomization);
    const there = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const references = workloadsIn(manifests).flatMap(({ pod, container }) => {
      const sources = (container.envFrom ?? []).map(({ configMapRef, secretRef }) =>
        secretRef === undefined ? `ConfigMap ${configMapRef?.name}` : `Secret ${secretRef.name}`,
      );
      return sources.concat(`ServiceAccount ${pod.serviceAccountName}`);
    });
    const authentications = manifests
      .filter(({ kind }) => kind === 'TriggerAuthentication')
      .map((manifest) => `Secret ${String(at(manifest, 'spec', 'secretTargetRef', '0', 'name'))}`);
    expect(references).toHaveLength(9);
    expect(references.concat(authentications).filter((reference) => !there.has(reference))).toEqual([]);
  });

  it('is one image for all, the one that the overlay names', async () => {
    const images = workloadsIn(await render('overlays/production')).map(({ container }) => container.image);
    expect(new Set(images)).toEqual(new Set(['registry.example.com/tasker-nest:0.1.0']));
  });

  it('leaves the number of workers to KEDA, and only theirs', async () => {
    expect(await replicasOf('overlays/keda')).toEqual({ api: 2, worker: undefined });
    expect(await replicasOf('overlays/production')).toEqual({ api: 2, worker: 2 });
  });
});

async function replicasOf(kustomization: string): Promise<Readonly<Record<string, unknown>>> {
  const deployments = workloadsIn(await render(kustomization)).filter(
    ({ manifest }) => manifest.kind === 'Deployment',
  );
  return Object.fromEntries(deployments.map(({ component, replicas }) => [component, replicas]));
}

function ownVariables(env: Workload['container']['env'] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
}
