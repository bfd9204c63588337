import { expect, it } from '@jest/globals';
import { addBusinessDays } from './business-days.js';

it.each([
  ['Monday', '2026-11-23T00:00:00Z', 5, '2026-11-30'],
  ['Monday', '2026-11-23T23:59:59Z', 1, '2026-11-24'],
  ['Thursday', '2026-11-26T12:00:00Z', 2, '2026-11-30'],
  ['Friday', '2026-11-27T12:00:00Z', 1, '2026-11-30'],
  ['Saturday', '2026-11-28T12:00:00Z', 1, '2026-11-30'],
  ['Sunday', '2026-11-29T12:00:00Z', 5, '2026-12-04'],
  ['the last day of a year', '2026-12-31T12:00:00Z', 1, '2027-01-01'],
])('from %s, %s, %i business days on it is %s', (_day, from, days, date) => {
  expect(addBusinessDays(new Date(from), days)).toBe(date);
});
