import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { PermanentStepError, RetryableStepError, StepExecutionResult } from '../../src/index.js';
import { until } from '../support/until.js';
import { Behaviours, once, twice } from './behaviours.js';

jest.setTimeout(120_000);

let all: Behaviours;

beforeAll(async () => {
  all = await Behaviours.start({ settings: { maxConcurrency: 2 } });
});

afterAll(() => all.close());

describe('What a handler answers with is recorded as the step’s result', () => {
  it.each<unknown>([
    [0],
    [-0.5],
    [''],
    [false],
    [null],
    [[]],
    [[1, [2, { three: 3 }]]],
    [{}],
    [{ 'a key': { b: [null] } }],
    ['it’s “text” 🎈'],
  ])('%j', async (value) => {
    const step = await all.step(once, () => value);
    expect(step.state).toBe('complete');
    expect(step.results).toMatchObject({ success: true, status: 'completed', result: value, error: null });
  });

  it('a promise that takes its time, or that another library has made', async () => {
    const later = await all.step(once, () => new Promise((resolve) => setImmediate(resolve, 'later')));
    expect(later.results?.result).toBe('later');
    const thenable = {};
    Reflect.set(thenable, 'then', (keep: (value: string) => void) => keep('kept'));
    const other = await all.step(once, () => thenable);
    expect(other.results?.result).toBe('kept');
  });

  it('a Date as its text', async () => {
    const step = await all.step(once, () => new Date('2026-01-02T03:04:05.678Z'));
    expect(step.results?.result).toBe('2026-01-02T03:04:05.678Z');
  });

  it('a class instance as its fields', async () => {
    class Money {
      constructor(readonly amount: string) {}
    }
    const step = await all.step(once, () => ({ price: new Money('9.99') }));
    expect(step.results?.result).toEqual({ price: { amount: '9.99' } });
  });

  it('StepExecutionResult.success with its metadata', async () => {
    const step = await all.step(once, async () => StepExecutionResult.success(36, { operation: 'square' }));
    expect(step.results).toMatchObject({ result: 36, metadata: { custom: { operation: 'square' } } });
  });
});

describe('A handler that says no', () => {
  it('by StepExecutionResult.failure is shown with all that it said', async () => {
    const failure = { message: 'No stock', errorCode: 'NO_STOCK', errorType: 'StockError', retryable: false };
    const step = await all.expectFailure(
      twice,
      () => StepExecutionResult.failure({ ...failure, statusCode: 409, context: { sku: 'W-1' } }),
      'NO_STOCK',
      /^No stock$/,
    );
    expect(step.attempts).toBe(1);
    expect(step.results?.error).toMatchObject({
      error_type: 'StockError',
      retryable: false,
      status_code: 409,
      context: { sku: 'W-1' },
    });
  });

  it('by PermanentStepError is not asked again', async () => {
    const step = await all.expectFailure(
      twice,
      () => {
        throw new PermanentStepError('never', { errorCode: 'NEVER' });
      },
      'NEVER',
      /^never$/,
    );
    expect(step).toMatchObject({ attempts: 1, results: { error: { retryable: false } } });
  });

  it('by RetryableStepError is asked again after the time that it gave', async () => {
    let attempts = 0;
    const behaviour = (): string => {
      attempts += 1;
      if (attempts === 1) throw new RetryableStepError('busy', { retryAfterSeconds: 3600 });
      return 'done';
    };
    const taskUuid = await all.submit(twice, behaviour);
    const waiting = await until('the retry waits', async () => {
      const task = await all.worker.client.get(taskUuid);
      return task.status === 'waiting_for_retry' && task;
    });
    expect(waiting.steps[0]?.results).toMatchObject({
      status: 'failed',
      metadata: { error_code: 'RETRYABLE_ERROR' },
      orchestration_metadata: { backoff_hint: { delay_seconds: 3600 } },
    });
    expect(attempts).toBe(1);
    await all.lab.clock.advance(3_601_000);
    expect(await all.worker.client.waitFor(taskUuid)).toMatchObject({
      status: 'complete',
      steps: [{ attempts: 2 }],
    });
  });

  it('by any other Error is asked again, and its stack is kept', async () => {
    const step = await all.expectFailure(
      twice,
      () => {
        throw new RangeError('too far');
      },
      'HANDLER_ERROR',
      /^too far$/,
    );
    expect(step).toMatchObject({ attempts: 2, results: { error: { error_type: 'RangeError' } } });
    expect(step.results?.error?.backtrace[0]).toContain('handler-answers.test');
  });

  it.each<[string, unknown]>([
    ['a text', 'just text'],
    ['nothing', undefined],
    ['null', null],
    ['a symbol', Symbol('why')],
    ['a BigInt', 1n],
    ['an object', { code: 7 }],
    ['a function', () => 1],
    ['an object without a prototype', Object.create(null)],
  ])('by throwing %s is shown as HANDLER_ERROR', async (_, thrown) => {
    await all.expectFailure(once, () => Promise.reject(thrown), 'HANDLER_ERROR', /not an Error/);
    await all.expectFailure(
      once,
      () => {
        throw thrown;
      },
      'HANDLER_ERROR',
      /not an Error/,
    );
  });

  it('with texts that PostgreSQL can’t take, or very long ones, is shown all the same', async () => {
    await all.expectFailure(
      once,
      () => Promise.reject(new Error('a\0b\uD800c')),
      'HANDLER_ERROR',
      /^a\uFFFDb\uFFFDc$/,
    );
    const step = await all.expectFailure(
      once,
      () => Promise.reject(new Error('x'.repeat(5_000_000))),
      'HANDLER_ERROR',
      /^x+$/,
    );
    expect(step.results?.error?.message.length).toBeLessThanOrEqual(10_000);
  });
});
