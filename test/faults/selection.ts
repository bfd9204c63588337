import type { Scenario } from './scenario.js';

/** The scenarios that `npm test` runs. */
export const HELD_BY_NPM_TEST: readonly number[] = [2, 7, 13, 16, 22];
/** Those that it runs with and without the defects that they are to notice. */
export const PROVEN_BY_NPM_TEST: readonly number[] = [5, 17, 21];

/** What `npm test` leaves out, apart from what measures speed on a machine of its own. */
export function leftOutByNpmTest({ number, alone }: Scenario): boolean {
  return ![...HELD_BY_NPM_TEST, ...PROVEN_BY_NPM_TEST].includes(number) && alone !== true;
}
