import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';

import type { Manifest } from './manifests.js';

/** What runs pods: a Deployment or a Job, with the one container of its pods. */
export interface Workload {
  readonly manifest: Manifest;
  readonly component: string;
  readonly replicas: unknown;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
  readonly container: Container;
}

/** The workloads among manifests that have been found to be well-typed. */
export function workloadsIn(manifests: readonly Manifest[]): readonly Workload[] {
  return manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job').map(workload);
}

/** Where something is in an object, by the names on the way; undefined where there is nothing. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  let found = object;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

function workload(manifest: Manifest): Workload {
  const template = at(manifest, 'spec', 'template');
  if (!isPodTemplate(template)) throw new Error(`${manifest.kind} ${manifest.metadata.name} has no pods`);
  const [container, ...others] = template.spec?.containers ?? [];
  if (template.spec === undefined || container === undefined || others.length > 0) {
    throw new Error(`${manifest.kind} ${manifest.metadata.name}: one container a pod is expected`);
  }
  const labels = template.metadata?.labels ?? {};
  return {
    manifest,
    component: labels['app.kubernetes.io/component'] ?? '',
    replicas: at(manifest, 'spec', 'replicas'),
    labels,
    pod: template.spec,
    container,
  };
}

function isPodTemplate(value: unknown): value is PodTemplateSpec {
  return Array.isArray(at(value, 'spec', 'containers'));
}
