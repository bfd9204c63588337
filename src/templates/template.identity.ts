import type { TaskTemplate } from './template.types.js';

/** `namespace/name/version`, as paths and messages show it. */
export function templateIdentity(template: Pick<TaskTemplate, 'namespace' | 'name' | 'version'>): string {
  return `${template.namespace}/${template.name}/${template.version}`;
}
