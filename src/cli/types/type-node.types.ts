/** A TypeScript type, as far as JSON Schemas need them. */
export type TypeNode =
  | { readonly kind: 'keyword'; readonly word: Keyword }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  /** A type that is declared in the same file. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'array'; readonly item: TypeNode }
  | { readonly kind: 'tuple'; readonly items: readonly TupleItem[]; readonly rest: TypeNode | null }
  /** An object whose keys are not known. */
  | { readonly kind: 'dictionary'; readonly value: TypeNode }
  | { readonly kind: 'union'; readonly members: readonly TypeNode[] }
  | { readonly kind: 'intersection'; readonly members: readonly TypeNode[] };

type Keyword =
  'string' | 'number' | 'boolean' | 'null' | 'undefined' | 'never' | 'JsonValue' | 'JsonObject' | 'object';

export interface TupleItem {
  readonly type: TypeNode;
  readonly isOptional: boolean;
}

export interface Property {
  readonly name: string;
  readonly doc: string | null;
  readonly isOptional: boolean;
  readonly type: TypeNode;
}

/** An exported type of a generated file. */
export type Declaration = InterfaceDeclaration | AliasDeclaration;

export interface InterfaceDeclaration {
  readonly kind: 'interface';
  readonly name: string;
  readonly doc: string | null;
  readonly properties: readonly Property[];
  /** What any property holds, named ones included; `null` where there is no index signature. */
  readonly index: TypeNode | null;
}

export interface AliasDeclaration {
  readonly kind: 'alias';
  readonly name: string;
  readonly doc: string | null;
  readonly type: TypeNode;
}
