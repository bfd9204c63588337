const SOME_TEXT = 'text';

class Money {
  readonly cents = 5;
  readonly #currency = 'EUR';

  get said(): string {
    return `${this.cents} ${this.#currency}`;
  }
}

export interface Examples {
  /** Made anew for each use. */
  readonly code?: () => readonly unknown[];
  /** JSON texts. */
  readonly http?: readonly string[];
}

/** Values for each row of the table in docs/handlers.md, by the first words of its first cell. */
export const EXAMPLES: Readonly<Record<string, Examples>> = {
  '`undefined`': { code: () => [undefined, [1, , 3]] }, // oxlint-disable-line no-sparse-arrays
  '`-0`': { code: () => [-0], http: ['-0'] },
  '`NaN`': { code: () => [Number.NaN, Infinity, -Infinity], http: ['NaN', 'Infinity', '1e400'] },
  'an integer past': { code: () => [2 ** 53 + 2], http: ['9007199254740994'] },
  'a large number': { code: () => [1e21], http: ['1e21'] },
  'a number with more digits': {
    code: () => [Number('0.12345678901234567891')],
    http: ['0.12345678901234567891'],
  },
  'a BigInt': { code: () => [1n, Object(1n)] },
  'a text or a key with a NUL': {
    code: () => ['a\0b', { 'a\0b': 1 }, Object('a\0b')],
    http: [String.raw`"a\u0000b"`, String.raw`{"a\u0000b":1}`],
  },
  'a text or a key with a lone': {
    code: () => ['\uD83D', { '\uDE00': 1 }],
    http: [String.raw`"\ud83d"`, String.raw`{"\ude00":1}`],
  },
  'a `Date`': { code: () => [new Date('2031-05-05T12:00:00Z')] },
  'an invalid `Date`': { code: () => [new Date(Number.NaN)] },
  'an object with `toJSON()`': { code: () => [{ toJSON: () => ({ said: 'json' }) }] },
  'a `Buffer`': { code: () => [Buffer.of(1)] },
  'a typed array': {
    code: () => [
      new Uint8Array(1),
      new ArrayBuffer(1),
      new SharedArrayBuffer(1),
      new DataView(new ArrayBuffer(1)),
    ],
  },
  'a `Map`': {
    code: () => [
      new Map([[1, 2]]),
      new Set([1]),
      new WeakMap(),
      new WeakSet(),
      new WeakRef({}),
      [Promise.resolve(1)],
      /a/,
      new TypeError('no'),
      new URLSearchParams('a=1'),
      [1].values(),
      new Intl.NumberFormat('en'),
    ],
  },
  'a class instance': { code: () => [new Money()] },
  'a boxed': { code: () => [Object(SOME_TEXT)] },
  'a function': { code: () => [() => 1, Symbol('s'), Object(Symbol('s'))] },
  'a symbol as a key': {
    code: () => [
      { kept: 1, [Symbol('s')]: 2 },
      Object.assign(Object.create({ inherited: 2 }), { kept: 1 }),
      Object.defineProperty({ kept: 1 }, 'hidden', { value: 2 }),
    ],
  },
  'a getter': {
    code: () => [
      {
        get read() {
          return 1;
        },
      },
    ],
  },
  'further properties': { code: () => [Object.assign([1], { more: 2 })] },
  'a circular': { code: () => [circular()] },
  'one object in two places': { code: () => [twice({ a: 1 })] },
  'an own key `__proto__`': {
    code: () => [JSON.parse('{"__proto__":1}')],
    http: ['{"__proto__":1}'],
  },
  'a key that is given twice': { http: ['{"a":1,"a":1}'] },
  'nested past': { code: () => [nested(513)], http: [JSON.stringify(nested(33))] },
};

function circular(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = { again: value };
  return value;
}

function twice(value: unknown): unknown {
  return [value, value];
}

/** Lists in one another. */
function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}
