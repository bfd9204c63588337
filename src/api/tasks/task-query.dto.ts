import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';

import { IsDigitsFrom } from '../../http/index.js';

const MAX_WAIT_SECONDS = 60;

/** How to read a task. */
export class TaskQueryDto {
  /** Hold the answer until the task has ended or is blocked, but no longer than this. */
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_WAIT_SECONDS,
    default: 0,
    description: 'Hold the answer until the task has ended or is blocked, but no longer than this',
  })
  @IsOptional()
  @IsDigitsFrom(0, MAX_WAIT_SECONDS)
  wait_seconds?: string;

  get waitSeconds(): number {
    return Number(this.wait_seconds ?? 0);
  }
}
