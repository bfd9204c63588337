import type { Declaration, TypeNode } from './type-node.types.js';

export const JSON_VALUE: TypeNode = { kind: 'keyword', word: 'JsonValue' };
export const JSON_OBJECT: TypeNode = { kind: 'keyword', word: 'JsonObject' };
export const NO_PROPERTIES: TypeNode = { kind: 'keyword', word: 'object' };
export const STRING: TypeNode = { kind: 'keyword', word: 'string' };
export const NUMBER: TypeNode = { kind: 'keyword', word: 'number' };
export const BOOLEAN: TypeNode = { kind: 'keyword', word: 'boolean' };
export const NULL: TypeNode = { kind: 'keyword', word: 'null' };
export const UNDEFINED: TypeNode = { kind: 'keyword', word: 'undefined' };
export const NEVER: TypeNode = { kind: 'keyword', word: 'never' };

/** Flat, each member once; `JsonValue` takes in all others. */
export function unionOf(types: readonly TypeNode[]): TypeNode {
  const union = listingUnionOf(types);
  return union.kind === 'union' && union.members.includes(JSON_VALUE) ? JSON_VALUE : union;
}

/** A union that lists its members even beside `JsonValue`: to TypeScript an interface is no `JsonValue`. */
export function listingUnionOf(types: readonly TypeNode[]): TypeNode {
  const flat = distinct(types.flatMap((type) => (type.kind === 'union' ? type.members : type)));
  const members = flat.filter((member) => member !== NEVER);
  const [only, ...others] = members;
  if (only === undefined) return NEVER;
  return others.length === 0 ? only : { kind: 'union', members };
}

/**
 * Flat, each member once; what says nothing is left out. That "it is some object" is left out too where another member says
 * which: its index signature would let every misspelled property pass.
 */
export function intersectionOf(types: readonly TypeNode[]): TypeNode {
  const flat = distinct(types.flatMap((type) => (type.kind === 'intersection' ? type.members : type)));
  const telling = flat.filter((member) => member !== JSON_VALUE);
  if (telling.includes(NEVER)) return NEVER;
  const specific = telling.filter((member) => member !== JSON_OBJECT);
  const members = specific.length > 0 ? specific : telling;
  const [only, ...others] = members;
  if (only === undefined) return JSON_VALUE;
  return others.length === 0 ? only : { kind: 'intersection', members };
}

/** Whether `JsonValue` or `JsonObject` has to be declared beside it. */
export function mentionsJson(declaration: Declaration): boolean {
  if (declaration.kind === 'alias') return isJson(declaration.type);
  const { properties, index } = declaration;
  return properties.some(({ type }) => isJson(type)) || (index !== null && isJson(index));
}

function isJson(type: TypeNode): boolean {
  switch (type.kind) {
    case 'keyword':
      return type === JSON_VALUE || type === JSON_OBJECT;
    case 'array':
      return isJson(type.item);
    case 'dictionary':
      return isJson(type.value);
    case 'tuple':
      return type.items.some((item) => isJson(item.type)) || (type.rest !== null && isJson(type.rest));
    case 'union':
    case 'intersection':
      return type.members.some(isJson);
    case 'literal':
    case 'name':
      break;
  }
  return false;
}

function distinct(types: readonly TypeNode[]): readonly TypeNode[] {
  const byContent = new Map<string, TypeNode>();
  for (const type of types) {
    const content = JSON.stringify(type);
    if (!byContent.has(content)) byContent.set(content, type);
  }
  return [...byContent.values()];
}
