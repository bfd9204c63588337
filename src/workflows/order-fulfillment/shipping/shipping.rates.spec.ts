import { expect, it } from '@jest/globals';
import { shippingCost } from './shipping.rates.js';

it.each([
  ['standard', 1, 8_99n],
  ['standard', 2, 8_99n],
  ['standard', 3, 10_24n],
  ['standard', 4, 11_49n],
  ['express', 3, 16_25n],
  ['overnight', 3, 26_25n],
  ['overnight', 100, 147_50n],
] as const)('%s with %d pieces of half a pound costs %d cents', (method, units, cost) => {
  expect(shippingCost(method, units)).toBe(cost);
});
