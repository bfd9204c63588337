import { Injectable } from '@nestjs/common';
import { compareCodeUnits } from './content.hash.js';
import { TemplateConflictError } from './template.errors.js';
import { templateIdentity } from './template.identity.js';
import type { TaskTemplate } from './template.types.js';
import { compareVersions } from './version.order.js';

/** The templates that this process knows, by namespace, name and version. */
@Injectable()
export class TemplateRegistry {
  private readonly templates = new Map<string, TaskTemplate>();

  /**
   * Adds a template. Adding the same content again changes nothing: the first stays.
   *
   * @throws TemplateConflictError if the version is there with other content
   */
  add(template: TaskTemplate): void {
    const identity = templateIdentity(template);
    const registered = this.templates.get(identity);
    if (registered === undefined) this.templates.set(identity, template);
    else if (registered.contentHash !== template.contentHash) {
      throw new TemplateConflictError(identity, registered.file, template.file);
    }
  }

  find(namespace: string, name: string, version: string): TaskTemplate | undefined {
    return this.templates.get(templateIdentity({ namespace, name, version }));
  }

  /** Sorted by namespace, name and version (1.9.0 before 1.10.0). */
  list(): readonly TaskTemplate[] {
    return [...this.templates.values()].toSorted(
      (left, right) =>
        compareCodeUnits(left.namespace, right.namespace) ||
        compareCodeUnits(left.name, right.name) ||
        compareVersions(left.version, right.version),
    );
  }

  /** Every version of one template, oldest first. */
  versions(namespace: string, name: string): readonly TaskTemplate[] {
    return this.list().filter((template) => template.namespace === namespace && template.name === name);
  }

  /** Sorted, each once. */
  namespaces(): readonly string[] {
    return [...new Set(this.list().map((template) => template.namespace))];
  }
}
