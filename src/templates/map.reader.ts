import { didYouMean } from '../spelling/index.js';
import type { JsonObject } from './json.types.js';
import type { LocatedInvalid, Position } from './located-value.types.js';
import { plainJson, type Cursor, type Reader } from './value.cursor.js';
import { mismatch } from './value.readers.js';
import { withoutColon } from './yaml-node.locator.js';

/** A key, or a key and its aliases; the first is the name that suggestions use. */
type KeyNames = string | readonly [string, ...string[]];

/** The keys of one map, as its reader asks for them. What it never asks for is an unknown key. */
export interface Fields {
  /** A key that must be there. */
  required<T>(names: KeyNames, read: Reader<T>): T;
  /** A key that may be left out; `null` says "left out" too. */
  optional<T, F>(names: KeyNames, read: Reader<T>, fallback: F): T | F;
  /** Keys that Tasker acts on and this engine does not: unknown, and refused also if unknown keys are ignored. */
  refused(...names: readonly string[]): void;
  /** All keys that were not asked for, as they are written; none is unknown any more. To be asked for last. */
  others(): JsonObject;
  /** The cursor at the map itself. */
  readonly here: Cursor;
  /** The cursor at a key's value, or at the map where the key is left out. */
  cursor(names: KeyNames): Cursor;
}

/**
 * A map whose keys are known, in both spellings (`name`, `:name`).
 *
 * @param build asks for every key that the map may have, whatever it holds
 */
export function mapOf<T>(build: (fields: Fields) => T): Reader<T> {
  return (cursor) => {
    reportUnlessMap(cursor);
    const fields = new MapFields(cursor);
    const result = build(fields);
    fields.reportUnknown();
    return result;
  };
}

/** A map whose keys are names that the author chose, in both spellings; the names come without the colon. */
export function dictionaryOf<T>(
  read: Reader<T>,
): Reader<readonly { readonly name: string; readonly value: T }[]> {
  return (cursor) => {
    reportUnlessMap(cursor);
    return [...givenKeys(cursor)].map(([name, given]) => ({ name, value: read(given.cursor) }));
  };
}

interface GivenKey {
  readonly written: string;
  readonly position: Position;
  readonly cursor: Cursor;
}

class MapFields implements Fields {
  private readonly given: ReadonlyMap<string, GivenKey>;
  private readonly known = new Set<string>();
  private readonly heeded = new Set<string>();

  constructor(readonly here: Cursor) {
    this.given = givenKeys(here);
  }

  required<T>(names: KeyNames, read: Reader<T>): T {
    const given = this.find(names);
    if (given !== undefined) return read(given.cursor);
    const [name] = namesOf(names);
    const missing: LocatedInvalid = { kind: 'invalid', position: this.here.value.position };
    const cursor = this.here.child(name, missing);
    if (this.here.value.kind === 'map') cursor.report('is required');
    return read(cursor);
  }

  optional<T, F>(names: KeyNames, read: Reader<T>, fallback: F): T | F {
    const given = this.find(names);
    return given === undefined || isNull(given.cursor) ? fallback : read(given.cursor);
  }

  refused(...names: readonly string[]): void {
    for (const name of names) this.heeded.add(name);
  }

  others(): JsonObject {
    const rest = [...this.given].filter(([name]) => !this.known.has(name));
    for (const [name] of rest) this.known.add(name);
    return Object.fromEntries(rest.map(([name, { cursor }]) => [name, plainJson(cursor.value)]));
  }

  cursor(names: KeyNames): Cursor {
    return this.find(names)?.cursor ?? this.here;
  }

  reportUnknown(): void {
    for (const [name, given] of this.given) {
      if (this.known.has(name)) continue;
      if (this.here.isLogFull) return;
      const nearest = didYouMean(name, this.known);
      const message = `unknown key ${JSON.stringify(given.written)}${nearest}`;
      // What Tasker acts on is never ignored: without it the workflow would run in another way.
      if (this.heeded.has(name)) given.cursor.report(message, given.position);
      else given.cursor.reportUnknownKey(message, given.position);
    }
  }

  private find(names: KeyNames): GivenKey | undefined {
    const all = namesOf(names);
    const isFirstTime = !all.some((name) => this.known.has(name));
    for (const name of all) this.known.add(name);
    const [first, ...others] = all.flatMap((name) => this.given.get(name) ?? []);
    for (const other of isFirstTime ? others : []) if (first !== undefined) reportSameKey(first, other);
    return first;
  }
}

function reportUnlessMap(cursor: Cursor): void {
  const { kind } = cursor.value;
  if (kind !== 'map' && kind !== 'invalid') cursor.report(mismatch('a map', cursor.value));
}

/** By their name without the colon. */
function givenKeys(map: Cursor): ReadonlyMap<string, GivenKey> {
  const given = new Map<string, GivenKey>();
  for (const { key, position, value } of map.value.kind === 'map' ? map.value.entries : []) {
    const name = withoutColon(key);
    const next = { written: key, position, cursor: map.child(name, value) };
    const first = given.get(name);
    if (first === undefined) given.set(name, next);
    else reportSameKey(first, next);
  }
  return given;
}

function reportSameKey(first: GivenKey, second: GivenKey): void {
  const names = `${JSON.stringify(first.written)} (line ${first.position.line}) and ${JSON.stringify(second.written)}`;
  second.cursor.report(`${names} are the same key; keep one of them`, second.position);
}

function namesOf(names: KeyNames): readonly [string, ...string[]] {
  return typeof names === 'string' ? [names] : names;
}

function isNull(cursor: Cursor): boolean {
  return cursor.value.kind === 'scalar' && cursor.value.value === null;
}
