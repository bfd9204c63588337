import { describe, expect, it } from '@jest/globals';
import { assert, integer, property } from 'fast-check';
import { formatCents, fromCents, perMille, toCents } from './money.js';

describe('an amount of money', () => {
  it.each([
    [29.99, 2999n],
    [0, 0n],
    [-0, 0n],
    [0.1, 10n],
    [0.07, 7n],
    [1.1, 110n],
    [149.99, 14_999n],
    [50_000, 5_000_000n],
    [1e21, 100_000_000_000_000_000_000_000n],
  ])('%d is %d cents', (amount, cents) => {
    expect(toCents(amount)).toBe(cents);
  });

  it.each([-0.01, -1, 0.001, 29.999, 1e-7, 0.1 + 0.2, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is none',
    (amount) => {
      expect(toCents(amount)).toBeNull();
    },
  );

  it('comes back as it went in, whatever it is up to the highest total', () => {
    assert(
      property(integer({ min: 0, max: 5_000_000 }), (cents) => {
        const amount = fromCents(BigInt(cents));
        expect(toCents(amount)).toBe(BigInt(cents));
        expect(JSON.stringify(amount)).toMatch(/^\d+(\.\d\d?)?$/);
      }),
    );
  });

  it('is written with two decimals', () => {
    expect(formatCents(20_997n)).toBe('209.97');
    expect(formatCents(5n)).toBe('0.05');
  });

  it.each([
    [20_997n, 609n],
    [50n, 1n],
    [17n, 0n],
    [500n, 15n],
    [0n, 0n],
  ])('2.9 %% of %d cents, rounded half up, are %d', (amount, fee) => {
    expect(perMille(amount, 29n)).toBe(fee);
  });
});
