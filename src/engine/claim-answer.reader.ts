import { types } from 'pg';
import type pg from 'pg';
import { SCHEMA_VERSION } from '../database/index.js';
import type {
  AttemptKey,
  ClaimAnswer,
  ClaimedStep,
  CompletionAnswer,
  SubmitAnswer,
  UnrecordedReport,
} from './claim.types.js';
import { StepInput } from './step-input.js';

interface SummaryDetail {
  readonly next_retry_ms: number | null;
  readonly more: boolean | null;
  readonly alone: boolean;
  readonly schema_version: number;
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
      readonly context: string;
      readonly inputs: string | null;
    })
  | (StepRow & { readonly kind: 'handed' | 'repeated' | 'refused' })
  | { readonly kind: 'submitted'; readonly task_uuid: string; readonly detail: string }
  | { readonly kind: 'settled'; readonly task_uuid: string }
  | { readonly kind: 'released'; readonly detail: string }
  | { readonly kind: 'summary'; readonly detail: string };

/** How these rows are to be read from the connection: JSON stays text, until somebody looks at it. */
export const CLAIM_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === types.builtins.JSON ? (text: string): string => text : types.getTypeParser(oid, format),
};

export function readClaimAnswer(rows: readonly ClaimRow[]): ClaimAnswer {
  return readCompletionAnswer(rows);
}

/** Of `tasker.submit_and_claim`: what became of the tasks, in their order. */
export function readSubmitAnswers(rows: readonly ClaimRow[]): readonly SubmitAnswer[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'submitted') return [];
    const { outcome, accepted_at }: SubmittedDetail = JSON.parse(row.detail);
    return [{ outcome, taskUuid: row.task_uuid, acceptedAt: new Date(accepted_at) }];
  });
}

export function readCompletionAnswer(rows: readonly ClaimRow[]): CompletionAnswer {
  const steps: ClaimedStep[] = [];
  const handed: AttemptKey[] = [];
  const unrecorded: UnrecordedReport[] = [];
  const settledTasks: string[] = [];
  let released = 0;
  let summary: SummaryDetail | undefined;
  for (const row of rows) {
    switch (row.kind) {
      case 'claim':
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
          input: new StepInput(row.context, row.inputs ?? '{}'),
        });
        break;
      case 'handed':
        handed.push({ taskUuid: row.task_uuid, stepIndex: row.step_index, token: row.attempt_token });
        break;
      case 'repeated':
      case 'refused':
        unrecorded.push({
          taskUuid: row.task_uuid,
          stepIndex: row.step_index,
          token: row.attempt_token,
          reason: row.kind,
        });
        break;
      case 'submitted':
        break;
      case 'settled':
        settledTasks.push(row.task_uuid);
        break;
      case 'released':
        released = Number(row.detail);
        break;
      case 'summary':
        summary = JSON.parse(row.detail);
        break;
    }
  }
  return {
    steps,
    handed,
    unrecorded,
    settledTasks,
    released,
    nextRetryMs: summary?.next_retry_ms ?? null,
    more: summary?.more ?? null,
    alone: summary?.alone ?? false,
    schemaIsNewer: (summary?.schema_version ?? 0) > SCHEMA_VERSION,
  };
}
