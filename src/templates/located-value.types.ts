/** Counted from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** JSON data that remembers where each of its values stands in the text, so that every later check can point at it. */
export type LocatedValue = LocatedScalar | LocatedList | LocatedMap | LocatedInvalid;

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
  /** As written, for messages: `1.0` where the value is 1. */
  readonly source: string;
  readonly position: Position;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly items: readonly LocatedValue[];
  readonly position: Position;
}

export interface LocatedMap {
  readonly kind: 'map';
  /** Keys are unique. */
  readonly entries: readonly LocatedEntry[];
  readonly position: Position;
}

export interface LocatedEntry {
  readonly key: string;
  readonly position: Position;
  readonly value: LocatedValue;
}

/** Reported already, or missing: readers pass over it in silence, so that one mistake gives one message. */
export interface LocatedInvalid {
  readonly kind: 'invalid';
  readonly position: Position;
}
