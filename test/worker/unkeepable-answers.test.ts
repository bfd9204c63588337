import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { StepExecutionResult } from '../../src/index.js';
import { Behaviours, once, strict, twice } from './behaviours.js';

jest.setTimeout(120_000);

let all: Behaviours;

beforeAll(async () => {
  all = await Behaviours.start({ settings: { maxConcurrency: 2 } });
});

afterAll(() => all.close());

describe('An answer that can’t be kept fails the step visibly, once', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = { again: cycle };

  it.each<[string, () => unknown, RegExp]>([
    ['undefined', () => undefined, /result: undefined is not JSON/],
    ['undefined inside', () => ({ a: [1, { b: undefined }] }), /result\.a\[1\]\.b/],
    ['a hole in a list', () => [1, , 3], /result\[1\]/], // oxlint-disable-line no-sparse-arrays
    ['a BigInt', () => ({ n: 1n }), /result\.n: a BigInt/],
    ['a boxed BigInt', () => ({ n: Object(1n) }), /BigInt/],
    ['NaN', () => Number.NaN, /NaN/],
    ['a cycle', () => cycle, /a cycle/],
    ['a NUL byte', () => 'a\0b', /NUL/],
    ['a NUL byte in a key', () => ({ 'a\0b': 1 }), /NUL/],
    ['a lone surrogate', () => ['\uD83D'], /surrogate/],
    ['a Map', () => new Map([[1, 2]]), /a Map is not JSON/],
    ['a Set inside', () => ({ ids: new Set([1]) }), /result\.ids: a Set/],
    ['a function', () => () => 1, /function is not JSON/],
    ['a Buffer', () => new Uint8Array(2), /Uint8Array/],
    ['metadata with a BigInt', () => untyped('success', 1, { n: 1n }), /metadata\.n/],
    ['10,000 levels', () => JSON.parse('['.repeat(10_000) + ']'.repeat(10_000)), /deeper/],
  ])('%s', async (_, behaviour, message) => {
    const step = await all.expectFailure(twice, behaviour, 'INVALID_RESULT', message);
    expect(step).toMatchObject({ attempts: 1, results: { error: { retryable: false } } });
  });

  it('50 MB', async () => {
    await all.expectFailure(
      twice,
      () => 'x'.repeat(50_000_000),
      'RESULT_TOO_LARGE',
      /50000002 bytes; at most 1048576/,
    );
  });

  it('a result against the result_schema of its step', async () => {
    await all.expectFailure(strict, () => ({ total: 'much' }), 'RESULT_SCHEMA', /result\.total/);
    expect(await all.step(strict, () => ({ total: 1 }))).toMatchObject({ state: 'complete' });
  });

  it.each<[string, () => unknown]>([
    [
      'a getter that throws',
      () => ({
        get trap() {
          throw new Error('trapped');
        },
      }),
    ],
    [
      'a getter that throws when it is read again',
      () =>
        changing((reads) => {
          if (reads > 1) throw new Error('trapped');
          return 1;
        }),
    ],
    ['a getter that gives a BigInt when it is read again', () => changing((reads) => (reads > 1 ? 1n : 1))],
    [
      'a toJSON that throws',
      () => ({
        toJSON() {
          throw new Error('trapped');
        },
      }),
    ],
    [
      'a toJSON that gives nothing when it is called again',
      () => converting((calls) => (calls > 1 ? undefined : 1)),
    ],
    ['a proxy that refuses everything', hostile],
    [
      'a failure without options',
      () => Reflect.construct(StepExecutionResult.failure({ message: '' }).constructor, []),
    ],
    [
      'a failure with a context that throws',
      () =>
        StepExecutionResult.failure({
          message: 'm',
          get context(): never {
            throw new Error('trapped');
          },
        }),
    ],
  ])('%s', async (_, behaviour) => {
    const step = await all.step(once, behaviour);
    expect(step.state).toBe('error');
    expect(step.results?.metadata.error_code).toMatch(/^(INVALID_RESULT|HANDLER_ERROR)$/);
  });

  it.each<[string, () => unknown]>([
    ['a proxy', hostile],
    [
      'an Error whose message throws',
      () =>
        Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('trapped');
          },
        }),
    ],
    [
      'an Error whose stack throws',
      () =>
        Object.defineProperty(new Error('x'), 'stack', {
          get: () => {
            throw new Error('trapped');
          },
        }),
    ],
    [
      'an object whose getter throws',
      () => ({
        get trap() {
          throw new Error('trapped');
        },
      }),
    ],
  ])('thrown: %s', async (_, thrown) => {
    const step = await all.step(once, () => Promise.reject(thrown()));
    expect(step).toMatchObject({ state: 'error', results: { metadata: { error_code: 'HANDLER_ERROR' } } });
  });
});

describe('A failure that can’t be sent as it is', () => {
  it('is recorded, and so are those that end together with it', async () => {
    const tasks = await Promise.all([
      all.settle(once, () => 'fine'),
      all.settle(once, () => untyped('failure', { message: 'odd', statusCode: 1n })),
      all.settle(once, () => 'fine too'),
    ]);
    expect(tasks.map((task) => task.status)).toEqual(['complete', 'blocked_by_failures', 'complete']);
  });
});

function changing(read: (reads: number) => unknown): object {
  let reads = 0;
  return Object.defineProperty({}, 'value', {
    enumerable: true,
    get() {
      reads += 1;
      return read(reads);
    },
  });
}

function converting(convert: (calls: number) => unknown): object {
  let calls = 0;
  return {
    toJSON() {
      calls += 1;
      return convert(calls);
    },
  };
}

/** As a handler in JavaScript may call it. */
function untyped(outcome: keyof typeof StepExecutionResult, ...values: unknown[]): unknown {
  return Reflect.apply(StepExecutionResult[outcome], StepExecutionResult, values);
}

function refuse(): never {
  throw new Error('refused');
}

/** No operation on it succeeds, but that it can be returned from an async function. */
function hostile(): object {
  return new Proxy(
    {},
    {
      get: (_, key) => (key === 'then' ? undefined : refuse()),
      has: refuse,
      getPrototypeOf: refuse,
      ownKeys: refuse,
      getOwnPropertyDescriptor: refuse,
    },
  );
}
