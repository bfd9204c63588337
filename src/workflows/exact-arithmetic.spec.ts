import { describe, expect, it } from '@jest/globals';
import { add, divide, multiply, square } from './exact-arithmetic.js';

describe('exact arithmetic', () => {
  it('answers with a number as long as it is exact, and with its digits beyond', () => {
    expect(add(9_007_199_254_740_990, 1)).toBe(9_007_199_254_740_991);
    expect(add(9_007_199_254_740_991, 1)).toBe('9007199254740992');
    expect(square(94_906_265)).toBe(9_007_199_136_250_225);
    expect(square(94_906_266)).toBe('9007199326062756');
    expect(square(-4)).toBe(16);
  });

  it('goes on with what it answered', () => {
    expect(square('100000000000000000000000000000000')).toBe(`1${'0'.repeat(64)}`);
    expect(divide('18014398509481984', 2)).toBe('9007199254740992');
    expect(divide('9007199254740992', 2)).toBe(4_503_599_627_370_496);
  });

  it('multiplies any number of factors', () => {
    expect(multiply(2, '3', 4)).toBe(24);
    expect(multiply()).toBe(1);
  });

  it('does not round a quotient', () => {
    expect(() => divide(7, 2)).toThrow("7 can't be divided by 2 without a remainder");
  });
});
