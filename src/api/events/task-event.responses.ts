import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** Why an attempt failed. */
export class StreamedError {
  @ApiProperty({ example: 'The card was declined' })
  readonly message!: string;

  @ApiProperty({ type: String, nullable: true, example: 'PAYMENT_DECLINED' })
  readonly error_code!: string | null;

  @ApiProperty()
  readonly retryable!: boolean;
}

/** The data of an event of the stream: a change of a step's state, or of the task's. */
export class TaskStateChange {
  @ApiProperty({ format: 'uuid' })
  readonly task_uuid!: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Of a step’s change' })
  readonly step_uuid?: string;

  @ApiPropertyOptional({ description: 'Of a step’s change', example: 'linear_step_1' })
  readonly step?: string;

  @ApiProperty({ example: 'in_progress' })
  readonly from_state!: string;

  @ApiProperty({ example: 'complete' })
  readonly to_state!: string;

  @ApiProperty({ format: 'date-time' })
  readonly recorded_at!: string;

  @ApiPropertyOptional({ type: 'integer', example: 1 })
  readonly attempt?: number;

  @ApiPropertyOptional({
    type: 'integer',
    description: 'Until the next attempt, where one follows',
    example: 2000,
  })
  readonly retry_delay_ms?: number;

  @ApiPropertyOptional({ type: StreamedError })
  readonly error?: StreamedError;

  @ApiPropertyOptional({
    description:
      'Of a task’s change: the limit of its template’s lifecycle that it is over. Where it goes on all the same, its state stays',
    example: 'max_duration_minutes',
  })
  readonly exceeded_limit?: string;

  @ApiPropertyOptional({ description: 'Who acted by hand', example: 'ada@example.com' })
  readonly performed_by?: string;

  @ApiPropertyOptional({ description: 'Why they did', example: 'The bank is back' })
  readonly reason?: string;
}
