import { ApiProperty, PickType } from '@nestjs/swagger';

import { TaskResponse } from './task.responses.js';

const TASK_MEMBERS = [
  'task_uuid',
  'name',
  'namespace',
  'version',
  'status',
  'created_at',
  'updated_at',
  'completed_at',
  'initiator',
  'source_system',
  'reason',
  'correlation_id',
  'total_steps',
  'pending_steps',
  'in_progress_steps',
  'completed_steps',
  'failed_steps',
  'completion_percentage',
  'health_status',
  'execution_status',
  'recommended_action',
] as const;

/** The task in a summary, as Tasker's clients decode it. */
export class SummarizedTask extends PickType(TaskResponse, TASK_MEMBERS) {}

/** A step of the template that the task runs under, with the overrides of this environment. */
export class SummarizedTemplateStep {
  @ApiProperty({ example: 'process_payment' })
  readonly name!: string;

  @ApiProperty({ enum: ['standard'] })
  readonly step_type!: 'standard';

  @ApiProperty({
    example: 'process_payment',
    description: 'The callable; unknown if this release can’t read the template',
  })
  readonly handler!: string;

  @ApiProperty({ type: [String], example: ['validate_order'] })
  readonly dependencies!: readonly string[];

  @ApiProperty()
  readonly retryable!: boolean;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly max_attempts!: number;
}

export class SummarizedTemplate {
  @ApiProperty({ type: [SummarizedTemplateStep], description: 'In topological order' })
  readonly steps!: readonly SummarizedTemplateStep[];
}

/** What Tasker's clients read of the last failure of a step. */
export class StepErrorSummary {
  @ApiProperty({ type: String, nullable: true, example: 'PaymentError' })
  readonly error_type!: string | null;

  @ApiProperty()
  readonly retryable!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, minimum: 0, maximum: 65_535, example: 402 })
  readonly status_code!: number | null;
}

/** What Tasker's clients read of a step in a summary, in addition to what the engine tells. */
export class SummarizedStep {
  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly completed_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly last_attempted_at!: string | null;

  @ApiProperty()
  readonly dependencies_satisfied!: boolean;

  @ApiProperty()
  readonly retry_eligible!: boolean;

  @ApiProperty({
    type: StepErrorSummary,
    nullable: true,
    description: 'Of a step whose last attempt failed; failure tells more',
  })
  readonly error!: StepErrorSummary | null;
}

/** Whether the task was put aside because it went over a limit of its template's lifecycle. */
export class SummarizedDeadLetter {
  @ApiProperty()
  readonly in_dlq!: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'max_duration_minutes' })
  readonly dlq_reason!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'pending' })
  readonly resolution_status!: string | null;
}

export class SummaryLinks {
  @ApiProperty({ example: '/v1/tasks/0197a0de-0000-7000-8000-000000000001' })
  readonly task!: string;

  @ApiProperty({ example: '/v1/tasks/0197a0de-0000-7000-8000-000000000001/workflow_steps' })
  readonly steps!: string;

  @ApiProperty({ example: '/v1/dlq', description: 'Tasker’s path; this service does not answer it yet' })
  readonly dlq!: string;
}

/** The members of a summary that Tasker's clients decode, next to those of this engine. */
export class TaskerSummary {
  @ApiProperty({ type: SummarizedTask })
  readonly task!: SummarizedTask;

  @ApiProperty({ type: SummarizedTemplate })
  readonly template!: SummarizedTemplate;

  @ApiProperty({ type: SummarizedDeadLetter })
  readonly dlq!: SummarizedDeadLetter;

  @ApiProperty({ type: SummaryLinks })
  readonly links!: SummaryLinks;
}
