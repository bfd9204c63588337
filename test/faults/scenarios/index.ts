import type { Scenario } from '../scenario.js';
import { KILLED_WORKERS } from './killed-workers.js';

/** The fault matrix, in its order. */
export const SCENARIOS: readonly Scenario[] = [...KILLED_WORKERS].toSorted(
  (left, right) => left.number - right.number,
);
