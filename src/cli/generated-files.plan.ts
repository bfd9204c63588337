import { join } from 'node:path';
import { compareVersions, type TaskTemplate } from '../templates/index.js';
import { generateTemplateTypes } from './types/template-types.generator.js';

/** A file as it should be. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The types files of some templates: `<directory>/<namespace>/<name>.types.ts`, in kebab case. Of several versions the newest
 * has the plain name, which handlers import; an older one has its version in it, `<name>-1.0.0.types.ts`.
 */
export function planGeneratedFiles(
  templates: readonly TaskTemplate[],
  directory: string,
): readonly GeneratedFile[] {
  const newest = newestVersions(templates);
  return templates.map((template) => {
    const isNewest = newest.get(workflowOf(template)) === template.version;
    const file = `${kebabCase(template.name)}${isNewest ? '' : `-${template.version}`}.types.ts`;
    return {
      path: join(directory, kebabCase(template.namespace), file),
      text: generateTemplateTypes(template),
    };
  });
}

function newestVersions(templates: readonly TaskTemplate[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const template of templates) {
    const workflow = workflowOf(template);
    const version = newest.get(workflow);
    if (version === undefined || compareVersions(version, template.version) < 0)
      newest.set(workflow, template.version);
  }
  return newest;
}

function workflowOf({ namespace, name }: TaskTemplate): string {
  return `${namespace}/${name}`;
}

/** Namespaces and template names are of a-z, 0-9 and _ only, so two of them never become one. */
function kebabCase(name: string): string {
  return name.replaceAll('_', '-');
}
