import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

import { LONGEST, TASK_STATUSES } from '../../engine/index.js';
import type { TaskStatus } from '../../engine/index.js';
import { IsDigitsFrom, IsText } from '../../http/index.js';
import { IsTaskCursor } from './task-cursor.js';

const MAX_PER_PAGE = 100;
/** Further down than anybody leafs; whoever wants all follows the cursor. */
const MAX_PAGE = 1_000_000;

/** Which tasks to list. */
export class TaskListQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: 1 })
  @IsOptional()
  @IsDigitsFrom(1, MAX_PAGE)
  page?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PER_PAGE, default: 25 })
  @IsOptional()
  @IsDigitsFrom(1, MAX_PER_PAGE)
  per_page?: string;

  @ApiPropertyOptional({
    description:
      'Where a page before left off (its pagination.next_cursor): for walking all tasks, each once, while others come. Instead of page.',
  })
  @IsOptional()
  @IsTaskCursor()
  cursor?: string;

  @ApiPropertyOptional({ maxLength: LONGEST.name, example: 'linear_workflow' })
  @IsOptional()
  @IsText(LONGEST.name)
  namespace?: string;

  @ApiPropertyOptional({ enum: TASK_STATUSES, enumName: 'TaskStatus' })
  @IsOptional()
  @IsIn(TASK_STATUSES, { message: `must be one of ${TASK_STATUSES.join(', ')}` })
  status?: TaskStatus;

  @ApiPropertyOptional({ maxLength: LONGEST.initiator, example: 'order-service' })
  @IsOptional()
  @IsText(LONGEST.initiator)
  initiator?: string;

  @ApiPropertyOptional({ maxLength: LONGEST.sourceSystem, example: 'web-shop' })
  @IsOptional()
  @IsText(LONGEST.sourceSystem)
  source_system?: string;

  get pageNumber(): number {
    return Number(this.page ?? 1);
  }

  get perPage(): number {
    return Number(this.per_page ?? 25);
  }
}
