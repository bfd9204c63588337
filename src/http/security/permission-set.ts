import { type Permission, PERMISSIONS } from './permission.js';

const RESOURCES: ReadonlySet<string> = new Set(PERMISSIONS.map(resourceOf));

/** What somebody may do: permissions by name, and `resource:*` for all of a resource. */
export class PermissionSet {
  private constructor(private readonly granted: ReadonlySet<string>) {}

  /** Of words that were checked by `permissionProblem`; others grant nothing. */
  static of(words: readonly string[]): PermissionSet {
    return new PermissionSet(new Set(words.filter((word) => permissionProblem(word) === null)));
  }

  allows(permission: Permission): boolean {
    return this.granted.has(permission) || this.granted.has(`${resourceOf(permission)}:*`);
  }
}

/** What keeps a word from being a permission; null: nothing. There is no permission for everything at once. */
export function permissionProblem(word: string): string | null {
  if (word === '*' || word === '*:*')
    return `"${word}" would allow everything: name what is meant, such as tasks:*`;
  if (PERMISSIONS.some((permission) => permission === word)) return null;
  if (word.endsWith(':*') && RESOURCES.has(word.slice(0, -2))) return null;
  return `"${word}" is no permission; there are ${PERMISSIONS.join(', ')}, and * in place of what follows the colon`;
}

function resourceOf(permission: string): string {
  return permission.slice(0, permission.indexOf(':'));
}
