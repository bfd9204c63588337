import {
  array,
  constant,
  constantFrom,
  dictionary,
  integer,
  jsonValue,
  nat,
  oneof,
  record,
  string,
  tuple,
  uint8Array,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** JSON text that says something else than it seems to, cannot be stored, or is none. */
const NASTY_JSON = [
  '9007199254740993',
  '-9007199254740993',
  '1e400',
  '-0',
  '0.1000000000000000055511151231257827',
  '01',
  'NaN',
  'undefined',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\u0001"',
  '"unfinished',
  '{"__proto__":{"admin":true}}',
  '{"a":1,"a":2}',
  '{"constructor":{"prototype":1}}',
  '{"toString":1,"valueOf":2,"then":3}',
  '{"":{"":{}}}',
  '[1,]',
  '{"a"}',
  '[[[[[[]]]]]]',
  `${'['.repeat(100)}${']'.repeat(100)}`,
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
  `"${'x'.repeat(70_000)}"`,
  `"${'😀'.repeat(256)}"`,
  '"; DROP TABLE tasker.tasks; --"',
  '"${7*7} {{7*7}} %s %n"',
  '[]',
  '{}',
  'null',
  'true',
  '""',
  '" "',
  '-1',
  '101',
  '1.5',
] as const;

const NASTY_TEXT = [
  '',
  ' ',
  '.',
  '..',
  '%00',
  '%',
  '%zz',
  '%ff',
  '%ed%a0%80',
  '%2e%2e%2f',
  'a%2Fb',
  "';DROP%20TABLE%20tasks",
  '__proto__',
  'constructor',
  '-1',
  '0',
  '1e9',
  '9007199254740993',
  '99999999999999999999',
  'null',
  '%F0%9F%98%80',
  'x'.repeat(3_000),
] as const;

const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-16',
  'application/vnd.tasker+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
  '/',
  '',
] as const;

export const nastyJson: Arbitrary<string> = oneof(
  { weight: 3, arbitrary: constantFrom(...NASTY_JSON) },
  {
    weight: 2,
    arbitrary: jsonValue({ maxDepth: 4, noUnicodeString: false }).map((value) => JSON.stringify(value)),
  },
);

/** A part of a path or a query: what a client may put there by mistake or on purpose, encoded or not. */
export const nastyText: Arbitrary<string> = oneof(
  { weight: 3, arbitrary: constantFrom(...NASTY_TEXT) },
  { weight: 1, arbitrary: string({ maxLength: 20 }).map((text) => encodeURIComponent(text)) },
  { weight: 1, arbitrary: nat().map(String) },
);

export function queryOf(names: readonly string[]): Arbitrary<string> {
  const name = constantFrom(...names, '__proto__', 'nonsense', 'a[b]', 'a[]', 'toString');
  const pair = tuple(name, nastyText).map(([key, value]) => `${key}=${value}`);
  return array(pair, { maxLength: 3 }).map((pairs) => pairs.join('&'));
}

/** Headers that the service looks at, or that are too many. None of them breaks HTTP itself. */
export const headers: Arbitrary<Readonly<Record<string, string>>> = oneof(
  { weight: 6, arbitrary: constant({}) },
  {
    weight: 3,
    arbitrary: dictionary(
      constantFrom(
        'x-request-id',
        'last-event-id',
        'authorization',
        'x-api-key',
        'accept',
        'cookie',
        'traceparent',
        'origin',
        'x-http-method-override',
      ),
      constantFrom(
        '',
        ' ',
        'x',
        '0',
        '-1',
        '42',
        'a'.repeat(500),
        "' OR 1=1",
        '\u00ff\u00fe',
        'Bearer x',
        'Bearer  ',
      ),
      { maxKeys: 4 },
    ),
  },
  {
    weight: 1,
    arbitrary: integer({ min: 1, max: 40_000 }).map((length) => ({ 'x-long': 'y'.repeat(length) })),
  },
);

export interface RawBody {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The only field that is not good, where that is known. */
  readonly field?: string;
}

/** Bodies that are nearly `good`: one of its fields is replaced, missing or new; its text is broken; or it is sent as something else. */
export function bodyLike(good: Readonly<Record<string, unknown>>): Arbitrary<RawBody> {
  const fields = Object.keys(good);
  const json = { 'content-type': 'application/json' };
  const text = JSON.stringify(good);
  const replaced = tuple(constantFrom(...fields), nastyJson).map(([field, value]) =>
    asBody(textWith(good, field, value), json, field),
  );
  const added = tuple(string({ maxLength: 12 }), nastyJson).map(([key, value]) =>
    asBody(`${text.slice(0, -1)},${JSON.stringify(key)}:${value}}`, json),
  );
  const missing = constantFrom(...fields).map((field) =>
    asBody(JSON.stringify(Object.fromEntries(Object.entries(good).filter(([key]) => key !== field))), json),
  );
  const broken = tuple(nat(text.length), oneof(string({ maxLength: 4 }), constant(''))).map(
    ([at, inserted]) =>
      asBody(`${text.slice(0, at)}${inserted}${inserted === '' ? '' : text.slice(at)}`, json),
  );
  const bytes = uint8Array({ maxLength: 64 }).map((value) => ({ bytes: value, headers: json }));
  const announced = record({
    'content-type': constantFrom(...CONTENT_TYPES),
    'content-encoding': constantFrom('identity', 'gzip', 'br', 'deflate', 'rot13'),
  }).map((announcement) => asBody(text, announcement));
  return oneof(
    { weight: 5, arbitrary: replaced },
    { weight: 1, arbitrary: nastyJson.map((value) => asBody(value, json)) },
    { weight: 1, arbitrary: added },
    { weight: 1, arbitrary: missing },
    { weight: 2, arbitrary: broken },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: announced },
    { weight: 1, arbitrary: constant(asBody(text, json)) },
  );
}

function asBody(text: string, bodyHeaders: RawBody['headers'], field?: string): RawBody {
  return { bytes: Buffer.from(text), headers: bodyHeaders, ...(field !== undefined && { field }) };
}

/** The object's text, with JSON that need not be any in the place of one value. */
function textWith(good: Readonly<Record<string, unknown>>, field: string, value: string): string {
  const pairs = Object.entries(good).map(
    ([key, own]) => `${JSON.stringify(key)}:${key === field ? value : JSON.stringify(own)}`,
  );
  return `{${pairs.join(',')}}`;
}
