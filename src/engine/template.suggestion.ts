import { nearestName } from '../spelling/index.js';

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
}

/** How many versions of a template are listed. */
const MOST_VERSIONS = 5;
const MOST_EDITS = 3;

/** What to tell a caller who asked for a template that is not among `known`: its other versions, or a near name. Else empty. */
export function suggestTemplate(asked: Named, known: readonly Named[]): string {
  const inNamespace = known.filter(({ namespace }) => namespace === asked.namespace);
  const versions = inNamespace.filter(({ name }) => name === asked.name).map(({ version }) => version);
  if (versions.length > 0) {
    const listed = versions.slice(-MOST_VERSIONS).join(', ');
    return versions.length === 1 ? `; its version here is ${listed}` : `; its versions here are ${listed}`;
  }
  const namespace =
    inNamespace.length > 0
      ? asked.namespace
      : nearestName(asked.namespace, new Set(known.map((one) => one.namespace)), MOST_EDITS);
  const near = known.filter((one) => one.namespace === namespace);
  // A name that fits in another namespace is nearer than one that needs both to be wrong.
  const name =
    near.find((one) => one.name === asked.name)?.name ??
    nearestName(asked.name, new Set(near.map((one) => one.name)), MOST_EDITS);
  const found =
    near.findLast((one) => one.name === name && one.version === asked.version) ??
    near.findLast((one) => one.name === name) ??
    known.findLast((one) => one.name === asked.name);
  return found === undefined ? '' : `, did you mean "${found.namespace}/${found.name}/${found.version}"?`;
}
