import { didYouMean } from '../spelling/index.js';
import type { JsonObject, JsonValue } from './json.types.js';
import type { LocatedValue } from './located-value.types.js';
import { plainJson, type Reader } from './value.cursor.js';

interface TextRule {
  /** How messages call it: `expected <this>, got …`. */
  readonly expected: string;
  readonly allows: (text: string) => boolean;
}

/** A string, of any content unless a rule says more. */
export function text(rule: TextRule = { expected: 'a string', allows: () => true }): Reader<string> {
  return (cursor) => {
    const { value } = cursor;
    if (value.kind === 'scalar' && typeof value.value === 'string') {
      if (!rule.allows(value.value)) cursor.report(mismatch(rule.expected, value));
      return value.value;
    }
    const unquoted = value.kind === 'scalar' && value.value !== null && rule.allows(value.source);
    const hint = unquoted ? `; quote it: "${value.source}"` : '';
    if (value.kind !== 'invalid') cursor.report(mismatch(rule.expected, value) + hint);
    return '';
  };
}

export const flag: Reader<boolean> = (cursor) => {
  const { value } = cursor;
  if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
  if (value.kind !== 'invalid') cursor.report(mismatch('true or false', value));
  return false;
};

export function integer(least: number, most: number): Reader<number> {
  return (cursor) => {
    const { value } = cursor;
    const number = value.kind === 'scalar' && typeof value.value === 'number' ? value.value : null;
    if (number !== null && Number.isInteger(number) && number >= least && number <= most) return number;
    if (value.kind !== 'invalid') cursor.report(mismatch(`an integer from ${least} to ${most}`, value));
    return least;
  };
}

/** One of a few strings. */
export function choice<T extends string>(first: T, ...others: readonly T[]): Reader<T> {
  const choices = [first, ...others];
  const expected = `one of ${choices.join(', ')}`;
  return (cursor) => {
    const { value } = cursor;
    const given = value.kind === 'scalar' && typeof value.value === 'string' ? value.value : null;
    const chosen = choices.find((candidate) => candidate === given);
    if (chosen !== undefined) return chosen;
    const hint = given === null ? '' : didYouMean(given, choices);
    if (value.kind !== 'invalid') cursor.report(mismatch(expected, value) + hint);
    return first;
  };
}

/**
 * A list whose items one reader reads.
 *
 * @param most past it no item is looked at
 */
export function listOf<T>(item: Reader<T>, least = 0, most = Number.MAX_SAFE_INTEGER): Reader<readonly T[]> {
  return (cursor) => {
    const { value } = cursor;
    if (value.kind !== 'list') {
      if (value.kind !== 'invalid') cursor.report(mismatch('a list', value));
      return [];
    }
    const count = value.items.length;
    if (count > most) {
      cursor.report(`expected at most ${most} items, got ${count}`);
      return [];
    }
    if (count < least)
      cursor.report(`expected at least ${least} item${least === 1 ? '' : 's'}, got ${count}`);
    return value.items.map((itemValue, index) => item(cursor.child(index, itemValue)));
  };
}

/** A map of free data, kept as it is written: its keys are the author's, so `:key` and `key` differ in it. */
export const jsonObject: Reader<JsonObject> = (cursor) => {
  const { value } = cursor;
  if (value.kind === 'map') {
    return Object.fromEntries(
      value.entries.map((entry): [string, JsonValue] => [entry.key, plainJson(entry.value)]),
    );
  }
  if (value.kind !== 'invalid') cursor.report(mismatch('a map', value));
  return {};
};

/** A key whose feature does not exist here: legal as long as it asks for nothing (null, `[]`, `{}`). */
export function onlyEmpty<T>(empty: T, refusal: string): Reader<T> {
  return (cursor) => {
    if (asksForSomething(cursor.value)) cursor.report(refusal);
    return empty;
  };
}

function asksForSomething(value: LocatedValue): boolean {
  if (value.kind === 'scalar') return value.value !== null;
  if (value.kind === 'list') return value.items.length > 0;
  return value.kind === 'map' && value.entries.length > 0;
}

/** `expected an integer from 0 to 100, got the string "3"` */
export function mismatch(expected: string, value: LocatedValue): string {
  return `expected ${expected}, got ${describe(value)}`;
}

function describe(value: LocatedValue): string {
  if (value.kind !== 'scalar') return `a ${value.kind}`;
  if (value.value === null) return 'null';
  if (typeof value.value === 'string') return `the string ${JSON.stringify(shortened(value.value))}`;
  return `the ${typeof value.value} ${shortened(value.source)}`;
}

function shortened(words: string): string {
  return words.length > 60 ? `${words.slice(0, 60)}…` : words;
}
