import { intersectionOf, JSON_VALUE, unionOf } from './type-node.builders.js';
import type { Declaration, TypeNode } from './type-node.types.js';

/**
 * TypeScript refuses an alias that comes back to itself with no object or array between, as a schema may that refers to
 * itself (`a: {anyOf: [{$ref: a}, …]}`). Where a circle closes, the alias's name becomes `JsonValue`.
 */
export function withoutAliasCircles(declarations: readonly Declaration[]): readonly Declaration[] {
  const aliases = new Map(
    declarations.flatMap((declaration) =>
      declaration.kind === 'alias' ? [[declaration.name, declaration.type]] : [],
    ),
  );
  const open = new Set<string>();
  const settled = new Map<string, TypeNode>();

  const settle = (name: string, type: TypeNode): TypeNode => {
    const known = settled.get(name);
    if (known !== undefined) return known;
    open.add(name);
    const result = withoutOpen(type);
    open.delete(name);
    settled.set(name, result);
    return result;
  };
  const withoutOpen = (type: TypeNode): TypeNode => {
    if (type.kind === 'union') return unionOf(type.members.map(withoutOpen));
    if (type.kind === 'intersection') return intersectionOf(type.members.map(withoutOpen));
    const target = type.kind === 'name' ? aliases.get(type.name) : undefined;
    if (type.kind !== 'name' || target === undefined) return type;
    if (open.has(type.name)) return JSON_VALUE;
    settle(type.name, target);
    return type;
  };
  return declarations.map((declaration) =>
    declaration.kind === 'alias'
      ? { ...declaration, type: settle(declaration.name, declaration.type) }
      : declaration,
  );
}
