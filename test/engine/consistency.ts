import { expect } from '@jest/globals';

import { BROKEN_PROMISES } from '../support/broken-promises.js';
import type { CoreDatabase } from './core-database.js';

/** Every task's stored counters and states are what its steps and events imply. */
export async function expectConsistent(core: CoreDatabase): Promise<void> {
  expect(await core.rows(BROKEN_PROMISES)).toEqual([]);
}
