import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { InvalidRequestError, MalformedJsonError } from './api.errors.js';
import { MAX_DEPTH, parseStrictJson } from './strict-json.parser.js';

/** Two of its keys or characters are refused on purpose. */
const ACCEPTED = /^(?!.*(?:__proto__|\\u0000|\\ud[89a-f]))/s;

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5, stringUnit: 'binary' }), (text) => {
        fc.pre(ACCEPTED.test(text) && !/\d{16}/.test(text));
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
        const spaced = JSON.stringify(JSON.parse(text), null, '\t');
        expect(parseStrictJson(`\r\n ${spaced}\n`)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never fails in another way than with its own errors, and accepts nothing that JSON.parse does not', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'u',
      '0',
      '1',
      '-',
      '.',
      'e',
      'true',
      'null',
      'a',
      ' ',
      '\n',
      '"k"',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const text = tokens.join('');
        try {
          parseStrictJson(text);
        } catch (error) {
          expect([MalformedJsonError, InvalidRequestError]).toContain(Object(error).constructor);
          return;
        }
        expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['', 'expected a value, found the end at line 1, column 1 (position 0)'],
    ['{"a":1,}', 'expected a key in double quotes, found "}" at line 1, column 8 (position 7)'],
    ['{"a":1', 'expected "," or "}", found the end at line 1, column 7 (position 6)'],
    ['{"a" 1}', 'expected ":", found "1" at line 1, column 6 (position 5)'],
    ['{\n  "a": nope\n}', 'expected a value, found "n" at line 2, column 8 (position 9)'],
    ['[1 2]', 'expected "," or "]", found "2" at line 1, column 4 (position 3)'],
    ['[01]', 'expected "," or "]", found "1" at line 1, column 3 (position 2)'],
    ['[+1]', 'expected a value, found "+" at line 1, column 2 (position 1)'],
    ['NaN', 'expected a value, found "N" at line 1, column 1 (position 0)'],
    ["{'a':1}", 'expected a key in double quotes, found "\'" at line 1, column 2 (position 1)'],
    ['"abc', 'expected a closing double quote'],
    ['"a\nb"', 'expected a closing double quote (control characters must be escaped), found "\\n" at'],
    ['"\\x"', 'expected an escape such as \\n, \\" or \\u0041, found "\\\\" at line 1, column 2'],
    ['"\\u12g4"', 'expected an escape'],
    ['{} {}', 'expected the end, found "{" at line 1, column 4 (position 3)'],
    ['// a\n1', 'expected a value, found "/"'],
    ['😀', 'expected a value, found "😀" at'],
  ])('says what is wrong with %j and where', (text, message) => {
    expect(() => parseStrictJson(text)).toThrow(MalformedJsonError);
    expect(() => parseStrictJson(text)).toThrow(`The body is not valid JSON: ${message}`);
  });

  it.each([
    ['{"context":{"a":1,"a":2}}', 'context.a', 'is given more than once'],
    ['{"context":{"a":1,"a":1}}', 'context.a', 'is given more than once'],
    ['{"context":{"a":1,"\\u0061":1}}', 'context.a', 'is given more than once'],
    ['{"context":{"toString":1,"toString":1}}', 'context.toString', 'is given more than once'],
    ['{"context":{"__proto__":{"x":1}}}', 'context.__proto__', 'is not allowed as a key'],
    ['{"context":[{"\\u005f_proto__":1}]}', 'context[0].__proto__', 'is not allowed as a key'],
    ['{"context":{"n":9007199254740993}}', 'context.n', /^is beyond/],
    ['{"context":{"n":[0,1e400]}}', 'context.n[1]', 'is too large for a number'],
    ['1e400', '$', 'is too large for a number'],
    ['[1e400]', '$[0]', 'is too large for a number'],
    ['{"context":{"a b":"\\u0000"}}', 'context["a b"]', 'holds a NUL character, which cannot be stored'],
    ['{"context":{"x\\u0000y":1}}', 'context["x\\u0000y"]', 'holds a NUL character, which cannot be stored'],
    ['{"reason":"\\ud800"}', 'reason', /surrogate/],
    ['{"reason":"\\udc00\\ud800"}', 'reason', /surrogate/],
    ['{"\\ud800":1}', '["\\ud800"]', /surrogate/],
  ])('refuses %s and names the place', (text, path, message) => {
    expect(violationsOf(text)).toEqual([
      { path: expect.stringContaining(path), message: expect.stringMatching(message) },
    ]);
  });

  it('keeps whole surrogate pairs, escaped or not, and keys that only look dangerous', () => {
    expect(parseStrictJson('["\\ud83d\\ude00","😀"]')).toEqual(['😀', '😀']);
    const text = '{"constructor":{"prototype":{"x":1}},"toString":1,"hasOwnProperty":2,"":3}';
    expect(JSON.stringify(parseStrictJson(text))).toBe(text);
  });

  it(`reads ${MAX_DEPTH} levels and not one more`, () => {
    expect(() => parseStrictJson(nested(MAX_DEPTH))).not.toThrow();
    expect(violationsOf(nested(MAX_DEPTH + 2))).toEqual([
      {
        path: expect.stringMatching(/^\$\[0\]\.a(?:\[0\]\.a)+$/),
        message: 'is nested deeper than 32 levels',
      },
    ]);
    expect(violationsOf('['.repeat(500_000))).toHaveLength(1);
  });

  it('reads a string of a megabyte, escapes and all', () => {
    const value = '"\n'.repeat(250_000);
    expect(parseStrictJson(JSON.stringify(value))).toBe(value);
  });
});

/** Arrays in objects in arrays, `depth` (an even number) of them. */
function nested(depth: number): string {
  return `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
}

function violationsOf(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    return error instanceof InvalidRequestError ? error.violations : error;
  }
}
