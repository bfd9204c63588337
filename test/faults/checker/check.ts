import type { Client } from 'pg';

import { BROKEN_PROMISES } from '../../support/broken-promises.js';
import type { History } from '../history.js';
import { readFacts } from './facts.js';
import type { TaskFacts } from './facts.js';
import { findViolations } from './invariants.js';
import type { Violation } from './invariants.js';

export interface Verdict {
  readonly tasks: readonly TaskFacts[];
  readonly violations: readonly Violation[];
}

/**
 * Holds what the engine's rows, the ledger and the handlers' own history say against invariants I1 to I8. To be called
 * when nothing runs any more.
 */
export async function check(
  database: Client,
  history: History,
  acknowledged: readonly string[],
): Promise<Verdict> {
  const tasks = await readFacts(database, history.read());
  const { rows } = await database.query<{ task_uuid: string; step_index: number | null; problem: string }>(
    BROKEN_PROMISES,
  );
  // I8: the task's state is what its steps' states imply, and all counters with it.
  const inconsistent = rows.map(({ task_uuid, step_index, problem }): Violation => ({
    invariant: 'I8',
    what: `task ${task_uuid}${step_index === null ? '' : `, step ${step_index}`}: ${problem}`,
  }));
  return { tasks, violations: [...findViolations(tasks, acknowledged), ...inconsistent] };
}
