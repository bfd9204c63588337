import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import { findNumberFault } from './json-number.rule.js';

describe('findNumberFault', () => {
  it.each([
    ['0', '-0', '0.0', '0e5', '1', '-1', '9007199254740991', '-9007199254740991'],
    ['0.1', '1.10', '100.00', '3.141592653589793', '0.10000000000000001', '1e20', '1E+2', '1.5e-7'],
    ['5e-324', '1.7976931348623157e308', '766062523986698.2', '0.1000000000000000055511151231257827'],
  ])('lets pass what comes back as it was written: %s …', (...literals) => {
    for (const literal of literals) expect([literal, findNumberFault(literal)]).toEqual([literal, null]);
  });

  it.each([
    ['9007199254740992', 'is beyond ±(2^53 − 1), where integers lose digits; send it as a string'],
    ['9007199254740993', 'is beyond ±(2^53 − 1), where integers lose digits; send it as a string'],
    ['-100000000000000000000', 'is beyond ±(2^53 − 1), where integers lose digits; send it as a string'],
    ['9007199254740993.0', 'has more digits than a number keeps; send it as a string'],
    ['0.12345678901234567891', 'has more digits than a number keeps; send it as a string'],
    ['1e-400', 'has more digits than a number keeps; send it as a string'],
    [`1.${'0'.repeat(1_000_000)}1`, 'has more digits than a number keeps; send it as a string'],
    [`0.${'1'.repeat(200)}`, 'has more digits than a number keeps; send it as a string'],
    ['1e400', 'is too large for a number'],
    ['-1e400', 'is too large for a number'],
    ['9'.repeat(400), 'is too large for a number'],
  ])('refuses %#', (literal, fault) => {
    expect(findNumberFault(literal)).toBe(fault);
  });

  it('lets every double pass as any JSON writer writes it', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        fc.pre(!Number.isInteger(value) || Number.isSafeInteger(value));
        expect(findNumberFault(JSON.stringify(value))).toBeNull();
        expect(findNumberFault(value.toExponential(16))).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });
});
