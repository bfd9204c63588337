import type { Scenario } from '../scenario.js';
import { CLOCKS } from './clocks.js';
import { DATABASE } from './database.js';
import { HISTORY_SIZE } from './history-size.js';
import { JOINS } from './joins.js';
import { KILLED_WORKERS } from './killed-workers.js';
import { LATE_ANSWERS } from './late-answers.js';
import { NOTIFICATIONS } from './notifications.js';
import { RELEASES } from './releases.js';
import { REQUESTS } from './requests.js';
import { SHUTDOWN } from './shutdown.js';

/** The fault matrix, in its order. */
export const SCENARIOS: readonly Scenario[] = [
  ...KILLED_WORKERS,
  ...LATE_ANSWERS,
  ...SHUTDOWN,
  ...DATABASE,
  ...NOTIFICATIONS,
  ...JOINS,
  ...REQUESTS,
  ...CLOCKS,
  ...RELEASES,
  ...HISTORY_SIZE,
].toSorted((left, right) => left.number - right.number);
