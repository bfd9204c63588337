import { ApiProperty } from '@nestjs/swagger';

import { StepExecutionResultResponse } from './step.responses.js';

/** The states that an entry can lead to, in Tasker's words. */
export const AUDIT_TO_STATES = [
  'enqueued_for_orchestration',
  'enqueued_as_error_for_orchestration',
  'enqueued',
  'error',
  'resolved_manually',
  'complete',
] as const;

export type AuditToState = (typeof AUDIT_TO_STATES)[number];

/** Tasker's `StepAuditResponse`: how an attempt ended, or what was done by hand. */
export class StepAuditResponse {
  @ApiProperty({ format: 'uuid' })
  readonly audit_uuid!: string;

  @ApiProperty({ format: 'uuid' })
  readonly workflow_step_uuid!: string;

  @ApiProperty({ format: 'uuid' })
  readonly transition_uuid!: string;

  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiProperty({ format: 'date-time' })
  readonly recorded_at!: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Made of the worker’s name and host; null for what was done by hand',
  })
  readonly worker_uuid!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'worker-1' })
  readonly worker_id!: string | null;

  @ApiProperty({ format: 'uuid' })
  readonly correlation_id!: string;

  @ApiProperty()
  readonly success!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, example: 12 })
  readonly execution_time_ms!: number | null;

  @ApiProperty({ type: StepExecutionResultResponse, nullable: true })
  readonly result!: StepExecutionResultResponse | null;

  @ApiProperty({ example: 'linear_step_1' })
  readonly step_name!: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Which attempt of its run it was',
    example: 1,
  })
  readonly attempt!: number | null;

  @ApiProperty({ example: 'in_progress' })
  readonly from_state!: string;

  @ApiProperty({ enum: AUDIT_TO_STATES, enumName: 'AuditToState' })
  readonly to_state!: AuditToState;

  @ApiProperty({ type: String, nullable: true, description: 'Who acted by hand', example: null })
  readonly performed_by!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why they did', example: null })
  readonly reason!: string | null;
}
