import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

import { STEP_STATES } from '../../engine/index.js';
import type { JsonObject, JsonValue, StepState } from '../../engine/index.js';
import { JsonObjectProperty, JsonProperty } from '../json-property.decorator.js';

const RESULT_STATUSES = ['completed', 'failed', 'error'] as const;
type ResultStatus = (typeof RESULT_STATUSES)[number];

/** About an attempt: where and when it ran, and what its handler added. */
export class StepExecutionMetadata {
  @ApiProperty({ type: 'integer', example: 12 })
  readonly execution_time_ms!: number;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly handler_version!: string | null;

  @ApiProperty({ description: 'Of a failure: another attempt may help' })
  readonly retryable!: boolean;

  @ApiProperty({ format: 'date-time' })
  readonly completed_at!: string;

  @ApiProperty({ type: String, nullable: true, example: 'worker-1' })
  readonly worker_id!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'host-1' })
  readonly worker_hostname!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly started_at!: string | null;

  @JsonObjectProperty({
    description: 'What the handler gave with its result',
    example: { operation: 'square' },
  })
  readonly custom!: JsonObject;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly error_code!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly error_type!: string | null;

  @JsonObjectProperty({ description: 'What the handler gave with its error', example: {} })
  readonly context!: JsonObject;
}

/** Why an attempt failed. */
export class StepExecutionError {
  @ApiProperty({ example: 'The card was declined' })
  readonly message!: string;

  @ApiProperty({ type: String, nullable: true, example: 'PaymentError' })
  readonly error_type!: string | null;

  @ApiProperty({ type: [String], example: [] })
  readonly backtrace!: readonly string[];

  @ApiProperty()
  readonly retryable!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  readonly status_code!: number | null;

  @JsonObjectProperty({ example: {} })
  readonly context!: JsonObject;
}

/** For how long a failed step is put off. */
export class BackoffHint {
  @ApiProperty({ example: 'exponential' })
  readonly backoff_type!: string;

  @ApiProperty({ example: 1.5 })
  readonly delay_seconds!: number;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly context!: string | null;
}

/** What the engine adds to a result. */
export class OrchestrationMetadata {
  @JsonObjectProperty({ example: {} })
  readonly headers!: JsonObject;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly error_context!: string | null;

  @ApiProperty({ type: BackoffHint, nullable: true })
  readonly backoff_hint!: BackoffHint | null;

  @JsonObjectProperty({ example: {} })
  readonly custom!: JsonObject;
}

/** Tasker's `StepExecutionResult`: how a step last ended. The handler's own answer is `result`. */
@ApiSchema({ name: 'StepExecutionResult' })
export class StepExecutionResultResponse {
  @ApiProperty({ format: 'uuid' })
  readonly step_uuid!: string;

  @ApiProperty()
  readonly success!: boolean;

  @JsonProperty({ example: 36 })
  readonly result!: JsonValue;

  @ApiProperty({ type: StepExecutionMetadata })
  readonly metadata!: StepExecutionMetadata;

  @ApiProperty({ enum: RESULT_STATUSES, enumName: 'StepResultStatus' })
  readonly status!: ResultStatus;

  @ApiProperty({ type: StepExecutionError, nullable: true })
  readonly error!: StepExecutionError | null;

  @ApiProperty({ type: OrchestrationMetadata })
  readonly orchestration_metadata!: OrchestrationMetadata;
}

/** Tasker's `StepResponse`. */
export class StepResponse {
  @ApiProperty({ format: 'uuid' })
  readonly step_uuid!: string;

  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiProperty({ example: 'linear_step_1' })
  readonly name!: string;

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly completed_at!: string | null;

  @ApiProperty({
    type: StepExecutionResultResponse,
    nullable: true,
    description: 'Null until an attempt has ended',
  })
  readonly results!: StepExecutionResultResponse | null;

  @ApiPropertyOptional({
    description:
      'True where the steps have left more than 8 MiB and result, metadata and error context of this one are left out; reading it alone gives them',
  })
  readonly results_omitted?: boolean;

  @ApiProperty({ enum: STEP_STATES, enumName: 'StepState' })
  readonly current_state!: StepState;

  @ApiProperty()
  readonly dependencies_satisfied!: boolean;

  @ApiProperty({ description: 'Attempts are left, and nothing forbids another one' })
  readonly retry_eligible!: boolean;

  @ApiProperty()
  readonly ready_for_execution!: boolean;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly total_parents!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly completed_parents!: number;

  @ApiProperty({ type: 'integer', description: 'The attempt under way included', example: 1 })
  readonly attempts!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly max_attempts!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly last_failure_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly next_retry_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly last_attempted_at!: string | null;
}
