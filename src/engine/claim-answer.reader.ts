import { types } from 'pg';
import type pg from 'pg';
import { OWN_TYPES, SCHEMA_VERSION } from '../database/index.js';
import type {
  AttemptKey,
  ClaimAnswer,
  ClaimedStep,
  CompletionAnswer,
  HandedStep,
  SubmitAnswer,
} from './claim.types.js';
import { StepInput } from './step-input.js';

interface SummaryDetail {
  readonly next_retry_ms: number | null;
  readonly more: boolean | null;
  readonly alone: boolean;
  readonly schema_version: number;
}

/** Of `tasker.complete_steps`: steps by the places of a parent and of their token, from 1. */
interface CompletionDetail extends SummaryDetail {
  readonly settled: readonly string[] | null;
  readonly blocked: readonly string[] | null;
  readonly released: number;
  readonly handed_parents: readonly number[] | null;
  readonly handed_indexes: readonly number[] | null;
  readonly handed_tokens: readonly number[] | null;
}

interface StepRow {
  readonly task_uuid: string;
  readonly step_index: number;
  readonly attempt_token: string;
}

interface SubmittedDetail {
  readonly outcome: SubmitAnswer['outcome'];
  readonly accepted_at: string;
}

/** The rows that the functions which claim steps answer with, told apart by `kind`. */
export type ClaimRow =
  | (StepRow & {
      readonly kind: 'claim';
      readonly template_id: number;
      readonly name: string;
      readonly attempt: number;
      readonly lost_count: number;
      readonly lease_seconds: number;
      readonly correlation_id: string;
      readonly context: string | null;
      readonly inputs: string | null;
    })
  | (StepRow & { readonly kind: 'repeated' | 'refused' })
  | { readonly kind: 'submitted' | 'settled'; readonly task_uuid: string; readonly detail: string }
  | { readonly kind: 'summary'; readonly detail: string };

/** In place of inputs that are too large for the answer. */
const DEFERRED = '"deferred"';

/** How these rows are to be read from the connection: JSON stays text, until somebody looks at it. */
export const CLAIM_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === types.builtins.JSON ? (text: string): string => text : OWN_TYPES.getTypeParser(oid, format),
};

export function readClaimAnswer(rows: readonly ClaimRow[]): ClaimAnswer {
  const summary: SummaryDetail = JSON.parse(summaryJson(rows));
  return claimAnswer(rows, summary);
}

/** Of `tasker.submit_and_claim`: what became of the tasks, in their order. */
export function readSubmitAnswers(rows: readonly ClaimRow[]): readonly SubmitAnswer[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'submitted') return [];
    const { outcome, accepted_at }: SubmittedDetail = JSON.parse(row.detail);
    return [{ outcome, taskUuid: row.task_uuid, acceptedAt: new Date(accepted_at) }];
  });
}

/** @param reports, tokens what the call was given, by whose places it answers */
export function readCompletionAnswer(
  rows: readonly ClaimRow[],
  reports: readonly AttemptKey[],
  tokens: readonly string[],
): CompletionAnswer {
  const summary: CompletionDetail = JSON.parse(summaryJson(rows));
  return {
    ...claimAnswer(rows, summary),
    handed: handedSteps(summary, reports, tokens),
    unrecorded: rows.flatMap((row) =>
      row.kind === 'repeated' || row.kind === 'refused' ? [{ ...keyOf(row), reason: row.kind }] : [],
    ),
    settledTasks: summary.settled ?? [],
    blockedTasks: summary.blocked ?? [],
    snapshots: new Map(rows.flatMap((row) => (row.kind === 'settled' ? [[row.task_uuid, row.detail]] : []))),
    released: summary.released,
  };
}

function claimAnswer(rows: readonly ClaimRow[], summary: SummaryDetail): ClaimAnswer {
  const steps: ClaimedStep[] = [];
  for (const row of rows) {
    if (row.kind !== 'claim') continue;
    steps.push({
      taskUuid: row.task_uuid,
      stepIndex: row.step_index,
      token: row.attempt_token,
      templateId: row.template_id,
      name: row.name,
      attempt: row.attempt,
      lostCount: row.lost_count,
      leaseSeconds: row.lease_seconds,
      correlationId: row.correlation_id,
      input:
        row.context === null || row.inputs === DEFERRED
          ? StepInput.deferred()
          : new StepInput(row.context, row.inputs ?? '{}'),
    });
  }
  return {
    steps,
    nextRetryMs: summary.next_retry_ms,
    more: summary.more,
    alone: summary.alone,
    schemaIsNewer: summary.schema_version > SCHEMA_VERSION,
  };
}

function handedSteps(
  { handed_parents, handed_indexes, handed_tokens }: CompletionDetail,
  reports: readonly AttemptKey[],
  tokens: readonly string[],
): readonly HandedStep[] {
  if (handed_parents === null || handed_indexes === null || handed_tokens === null) return [];
  return handed_parents.map((ordinal, place) => {
    const parent = ordinal - 1;
    const taskUuid = reports[parent]?.taskUuid;
    const stepIndex = handed_indexes[place];
    const token = tokens[(handed_tokens[place] ?? 0) - 1];
    if (taskUuid === undefined || stepIndex === undefined || token === undefined)
      throw new Error('tasker.complete_steps handed over a step that the call has no place for');
    return { taskUuid, stepIndex, token, parent };
  });
}

function keyOf({ task_uuid, step_index, attempt_token }: StepRow): AttemptKey {
  return { taskUuid: task_uuid, stepIndex: step_index, token: attempt_token };
}

/** The last row. */
function summaryJson(rows: readonly ClaimRow[]): string {
  const last = rows.at(-1);
  if (last?.kind !== 'summary') throw new Error('An answer to a claim ended without its summary');
  return last.detail;
}
