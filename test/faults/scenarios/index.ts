import type { Scenario } from '../scenario.js';
import { DATABASE } from './database.js';
import { KILLED_WORKERS } from './killed-workers.js';
import { LATE_ANSWERS } from './late-answers.js';
import { SHUTDOWN } from './shutdown.js';

/** The fault matrix, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  ...KILLED_WORKERS,
  ...LATE_ANSWERS,
  ...SHUTDOWN,
  ...DATABASE,
].toSorted((left, right) => left.number - right.number);
