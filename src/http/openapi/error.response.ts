import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { type ErrorCode, STATUS_OF_CODE } from '../error-codes.js';

/** One thing that is wrong with a request. */
export class ErrorDetail {
  @ApiProperty({ description: 'Where, in the request', example: 'context.even_number' })
  readonly path!: string;

  @ApiProperty({ example: 'must be an integer' })
  readonly message!: string;
}

/** What went wrong. */
export class ErrorContent {
  @ApiProperty({
    description: 'Stable, for programs',
    enum: Object.keys(STATUS_OF_CODE),
    enumName: 'ErrorCode',
  })
  readonly code!: ErrorCode;

  @ApiProperty({ description: 'For people' })
  readonly message!: string;

  @ApiPropertyOptional({ description: 'One entry for each thing that is wrong', type: [ErrorDetail] })
  readonly details?: readonly ErrorDetail[];

  @ApiPropertyOptional({ description: 'With CONFLICT: the task that has the identity', format: 'uuid' })
  readonly existing_task_uuid?: string;

  @ApiPropertyOptional({
    description: 'With BACKPRESSURE, RATE_LIMITED and SERVICE_UNAVAILABLE',
    type: 'integer',
    example: 1,
  })
  readonly retry_after_seconds?: number;
}

/** The body of every answer that is not a success. */
export class ErrorResponse {
  @ApiProperty()
  readonly error!: ErrorContent;
}
