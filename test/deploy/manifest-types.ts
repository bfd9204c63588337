import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';

import { typeErrors } from '../cli/type-checker.js';
import type { Manifest } from './manifests.js';

/** Where each kind is described: a schema for the values, and a type for the compiler, which tells unknown fields. */
const KINDS: Readonly<
  Record<string, { readonly schemas: object; readonly module: string; readonly prefix?: string }>
> = {
  v1: { schemas: core, module: 'kubernetes-types/core/v1.js' },
  'apps/v1': { schemas: apps, module: 'kubernetes-types/apps/v1.js' },
  'batch/v1': { schemas: batch, module: 'kubernetes-types/batch/v1.js' },
  'policy/v1': { schemas: policy, module: 'kubernetes-types/policy/v1.js' },
  'networking.k8s.io/v1': { schemas: networking, module: 'kubernetes-types/networking/v1.js' },
  'keda.sh/v1alpha1': { schemas: keda, module: '@kubernetes-models/keda/keda.sh/v1alpha1', prefix: 'I' },
};

/** What is wrong with the values and the fields of some manifests, each problem with the manifest's kind and name. */
export function manifestProblems(manifests: readonly Manifest[]): readonly string[] {
  return [...manifests.flatMap(schemaProblems), ...fieldProblems(manifests)];
}

function schemaProblems(manifest: Manifest): readonly string[] {
  const model: unknown = Reflect.get(describedIn(manifest).schemas, manifest.kind);
  if (typeof model !== 'function') return [`${nameOf(manifest)}: no such kind in ${manifest.apiVersion}`];
  const object: unknown = Reflect.construct(model, [manifest]);
  if (typeof object !== 'object' || object === null || !('validate' in object))
    throw new Error('Not a model');
  const { validate } = object;
  if (typeof validate !== 'function') throw new Error('Not a model');
  try {
    validate.call(object);
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function fieldProblems(manifests: readonly Manifest[]): readonly string[] {
  const files = manifests.map((manifest, index) => {
    const { module, prefix = '' } = describedIn(manifest);
    const type = `${prefix}${manifest.kind}`;
    return [
      `manifest-${index}.ts`,
      `import type { ${type} } from '${module}';\nexport const manifest: ${type} = ${JSON.stringify(manifest)};\n`,
    ] as const;
  });
  const errors = typeErrors(Object.fromEntries(files));
  return files.flatMap(([file], index) =>
    (errors.get(file) ?? []).map((message) => `${nameOf(manifests[index])}: ${message}`),
  );
}

function describedIn(manifest: Manifest) {
  const found = KINDS[manifest.apiVersion];
  if (found === undefined) throw new Error(`${nameOf(manifest)}: nothing is known of ${manifest.apiVersion}`);
  return found;
}

function nameOf(manifest: Manifest | undefined): string {
  return `${manifest?.kind} ${manifest?.metadata.name}`;
}
