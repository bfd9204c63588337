import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { parse, parseAllDocuments } from 'yaml';

import { ROOT } from './image-build.js';

const run = promisify(execFile);

/** Where the manifests are. */
export const FOLDER = join(ROOT, 'deploy/kubernetes');

/** An object as Kubernetes is given it; the rest is looked at as it is found. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [key: string]: unknown;
}

/** Whether there is a kubectl that can render. */
export const HAS_KUBECTL = spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0;

/** What `kubectl apply -k` would send. */
export async function render(kustomization: string): Promise<readonly Manifest[]> {
  const { stdout } = await run('kubectl', ['kustomize', join(FOLDER, kustomization)]);
  // kustomize breaks the lines of long base64, which Kubernetes puts up with and a schema does not.
  return manifestsIn(stdout.replaceAll(/\|\n((?: {4}[\w+/=]+\n)+)/g, unbroken), kustomization);
}

/** The variables that the base's ConfigMap is generated with. */
export async function configured(): Promise<Readonly<Record<string, string>>> {
  const base: { configMapGenerator: readonly { literals: readonly string[] }[] } = parse(
    await readFile(join(FOLDER, 'base/kustomization.yaml'), 'utf8'),
  );
  return variablesIn(base.configMapGenerator.flatMap(({ literals }) => literals).join('\n'));
}

/** Lines such as `PORT=8080`, as in an .env file. */
export function variablesIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
        return [name, value];
      }),
  );
}

/** The objects of all the files as they are written: before any overlay, so without what kustomize generates. */
export async function written(): Promise<readonly Manifest[]> {
  const files = (await readdir(FOLDER, { recursive: true })).filter((file) => file.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(join(FOLDER, file), 'utf8')));
  return texts.flatMap((text, index) =>
    // Those without a kind configure kustomize.
    /^kind: (?!Kustomization|Component)/m.test(text) ? manifestsIn(text, files[index] ?? '') : [],
  );
}

function unbroken(_: string, lines: string): string {
  return `${lines.replaceAll(/\s/g, '')}\n`;
}

function manifestsIn(text: string, where: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw new Error(`${where}: ${error.message}`);
    const content: unknown = document.toJS();
    if (!isManifest(content)) throw new Error(`${where}: an object without apiVersion, kind or name`);
    return content;
  });
}

function isManifest(content: unknown): content is Manifest {
  if (typeof content !== 'object' || content === null) return false;
  const metadata: unknown = Reflect.get(content, 'metadata');
  return (
    typeof Reflect.get(content, 'apiVersion') === 'string' &&
    typeof Reflect.get(content, 'kind') === 'string' &&
    typeof metadata === 'object' &&
    metadata !== null &&
    typeof Reflect.get(metadata, 'name') === 'string'
  );
}
