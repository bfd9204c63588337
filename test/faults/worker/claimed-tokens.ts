import { stepUuid } from '../../../src/engine/index.js';
import { readCompletionAnswer } from '../../../src/engine/claim-answer.reader.js';
import type { ClaimRow } from '../../../src/engine/claim-answer.reader.js';
import type { AttemptKey } from '../../../src/engine/index.js';

const MOST_TOKENS = 20_000;
/** Where the arguments of `tasker.complete_steps` are. */
const TASKS_AT = 3;
const TOKENS_AT = 10;

/** The token of the latest claim of each step by this process, read from what the database answered. */
export class ClaimedTokens {
  private readonly tokens = new Map<string, string>();

  of(uuid: string): string {
    return this.tokens.get(uuid) ?? 'none';
  }

  learn(statement: string, values: readonly unknown[], rows: readonly unknown[]): void {
    const claims = rows.filter(isClaimRow);
    for (const row of claims)
      if (row.kind === 'claim')
        this.keep({ taskUuid: row.task_uuid, stepIndex: row.step_index, token: row.attempt_token });
    if (statement !== 'tasker_complete_steps') return;
    const parents = elements(values[TASKS_AT]).map((taskUuid) => ({ taskUuid, stepIndex: 0, token: '' }));
    for (const step of readCompletionAnswer(claims, parents, elements(values[TOKENS_AT])).handed)
      this.keep(step);
  }

  private keep({ taskUuid, stepIndex, token }: AttemptKey): void {
    const key = stepUuid(taskUuid, stepIndex);
    this.tokens.delete(key);
    this.tokens.set(key, token);
    for (const oldest of this.tokens.keys()) {
      if (this.tokens.size <= MOST_TOKENS) break;
      this.tokens.delete(oldest);
    }
  }
}

function isClaimRow(row: unknown): row is ClaimRow {
  const kind: unknown = Reflect.get(Object(row), 'kind');
  return kind === 'claim' || kind === 'summary';
}

/** Of an array as it was sent. */
function elements(literal: unknown): readonly string[] {
  return String(literal).slice(1, -1).split(',');
}
