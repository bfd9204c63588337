import { _, type Ajv, type CodeKeywordDefinition, type KeywordCxt } from 'ajv';
import { canonicalJson } from './content.hash.js';
import type { JsonValue } from './json.types.js';
import type { CheckSteps } from './violation.collector.js';

/** Their subschemas may fail without the value being wrong. */
const UNDECIDED = ['anyOf', 'oneOf', 'not', 'if', 'contains'];
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'];

const ADDS = /if\(vErrors === null\)\{vErrors = \[(\w+)\];\}else \{vErrors\.push\(\1\);\}/g;

/** What comparing composed values costs, beside following a reference. */
const CHARACTERS_A_STEP = 4;
/** Shorter lists of plain values are compared one by one. */
const SHORT_ENUM = 8;

type KeywordCode = CodeKeywordDefinition['code'];

/**
 * Makes ajv's code count: each reference that is followed calls `this.step()`, and so does `uniqueItems` for what it compares.
 * `uniqueItems` takes time in proportion to the list, and a long `enum` one look at a table. `this` is a `CheckSteps`.
 */
export function boundSteps(ajv: Ajv): void {
  for (const keyword of REFERENCES) {
    replaceCode(ajv, keyword, (code) => (cxt) => {
      cxt.gen.code(_`this.step()`);
      code(cxt);
    });
  }
  replaceCode(ajv, 'uniqueItems', () => checkUniqueItems);
  replaceCode(ajv, 'enum', (code) => (cxt) => (isLongEnum(cxt.schema) ? checkEnum(cxt) : code(cxt)));
}

/** Makes ajv's code tell a `ViolationCollector`, its `this`, of where alternatives begin and end. */
export function tellAlternatives(ajv: Ajv): void {
  for (const keyword of UNDECIDED) {
    replaceCode(ajv, keyword, (code) => (cxt) => {
      const first = cxt.gen.const('first', _`errors`);
      cxt.gen.code(_`this.enter()`);
      code(cxt);
      cxt.gen.code(_`this.leave(vErrors, ${first})`);
    });
  }
}

/**
 * Generated code with each violation handed to a `ViolationCollector`, its `this`.
 *
 * @throws Error if it does not look as the code of this version of ajv does
 */
export function tellViolations(code: string): string {
  const told = code.replaceAll(ADDS, 'vErrors = this.add(vErrors, $1);');
  if (told.includes('vErrors.push(')) throw new Error('ajv generates other code than this release knows');
  return told;
}

/** ajv keeps a copy of each definition for each instance. */
function replaceCode(ajv: Ajv, keyword: string, replacement: (code: KeywordCode) => KeywordCode): void {
  const definition = ajv.getKeyword(keyword);
  // A keyword of the other dialect.
  if (typeof definition === 'boolean') return;
  if (!('code' in definition) || typeof definition.code !== 'function')
    throw new Error(`ajv has no code for ${keyword}`);
  definition.code = replacement(definition.code);
}

function checkUniqueItems(cxt: KeywordCxt): void {
  const { gen, data, schema } = cxt;
  if (schema !== true) return;
  const find = gen.scopeValue('func', { ref: findEqualItems });
  const pair = gen.const('pair', _`${find}(${data}, this)`);
  cxt.setParams({ i: _`${pair}[0]`, j: _`${pair}[1]` });
  cxt.fail(_`${pair} !== null`);
}

/** The places of two equal items, or null. */
function findEqualItems(items: readonly JsonValue[], steps: CheckSteps): readonly [number, number] | null {
  const plain = new Map<JsonValue, number>();
  const composed = new Map<string, number>();
  for (const [place, item] of items.entries()) {
    let before: number | undefined;
    if (typeof item === 'object' && item !== null) {
      const text = equalText(item);
      steps.step(1 + text.length / CHARACTERS_A_STEP);
      before = seen(composed, text, place);
    } else {
      steps.step();
      before = seen(plain, item, place);
    }
    if (before !== undefined) return [place, before];
  }
  return null;
}

/** ajv's own code compares each value with each one of the list. */
function isLongEnum(schema: unknown): schema is readonly JsonValue[] {
  return (
    Array.isArray(schema) &&
    (schema.length > SHORT_ENUM || schema.some((value) => typeof value === 'object' && value !== null))
  );
}

function checkEnum(cxt: KeywordCxt): void {
  const { gen, data, schema } = cxt;
  if (!isLongEnum(schema)) return;
  const isListed = gen.scopeValue('func', { ref: membershipOf(schema) });
  cxt.pass(_`${isListed}(${data})`);
}

function membershipOf(values: readonly JsonValue[]): (value: JsonValue) => boolean {
  const plain = new Set(values.filter((value) => typeof value !== 'object' || value === null));
  const composed = new Set(
    values.filter((value) => typeof value === 'object' && value !== null).map(equalText),
  );
  return (value) =>
    typeof value === 'object' && value !== null
      ? composed.size > 0 && composed.has(equalText(value))
      : plain.has(value);
}

/** Equal items have the same text. Only the keys of objects have to be put in order for that. */
function equalText(item: JsonValue): string {
  const plain = Array.isArray(item) && item.every((part) => typeof part !== 'object' || part === null);
  return plain ? JSON.stringify(item) : canonicalJson(item);
}

/** Where the key was seen before; else it is from now on. */
function seen<Key>(places: Map<Key, number>, key: Key, place: number): number | undefined {
  const before = places.get(key);
  if (before === undefined) places.set(key, place);
  return before;
}
