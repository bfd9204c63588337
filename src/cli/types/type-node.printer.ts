import type { TypeNode } from './type-node.types.js';

/** A type on one line, as prettier writes it. */
export function printType(type: TypeNode): string {
  switch (type.kind) {
    case 'keyword':
      return type.word;
    case 'literal':
      return typeof type.value === 'string' ? quoted(type.value) : String(type.value).replace('e+', 'e');
    case 'name':
      return type.name;
    case 'array':
      return `readonly ${printItem(type.item)}[]`;
    case 'tuple':
      return `readonly [${printTupleItems(type).join(', ')}]`;
    case 'dictionary':
      return `{ readonly [key: string]: ${printType(type.value)} }`;
    case 'union':
    case 'intersection':
      break;
  }
  return type.members.map(printMember).join(type.kind === 'union' ? ' | ' : ' & ');
}

/** A type as a member of a union or intersection. */
export function printMember(type: TypeNode): string {
  const isCompound = type.kind === 'union' || type.kind === 'intersection';
  return isCompound ? `(${printType(type)})` : printType(type);
}

export function printTupleItems(tuple: TypeNode & { readonly kind: 'tuple' }): readonly string[] {
  const items = tuple.items.map(({ type, isOptional }) =>
    isOptional ? `${printItem(type)}?` : printType(type),
  );
  return tuple.rest === null ? items : [...items, `...${printItem(tuple.rest)}[]`];
}

/** A property's name, in quotes only where it needs them. */
export function printPropertyName(name: string): string {
  return /^[\p{L}$_][\p{L}\p{Nd}$_]*$/u.test(name) ? name : quoted(name);
}

/** In front of `[]` and `?`, which would otherwise belong to the last part of the type only. */
function printItem(type: TypeNode): string {
  return type.kind === 'array' || type.kind === 'tuple' ? `(${printType(type)})` : printMember(type);
}

/** In single quotes, or in double ones where that saves escapes. */
function quoted(text: string): string {
  const quote = text.split("'").length > text.split('"').length ? '"' : "'";
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll(quote, `\\${quote}`);
  return quote + escaped.replaceAll(/[\u2028\u2029]/g, unicodeEscape) + quote;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
