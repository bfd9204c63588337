import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';

import { LONGEST, TASK_STATUSES } from '../../engine/index.js';
import type { TaskStatus } from '../../engine/index.js';
import { IsDigitsFrom, IsText } from '../../http/index.js';
import { IsTaskCursor } from './task-cursor.js';

const MAX_PER_PAGE = 100;
const DEFAULT_PER_PAGE = 25;
/** Further down than anybody leafs; whoever wants all follows the cursor. */
const MAX_PAGE = 1_000_000;

/** What Tasker's clients call a status in a filter, and its name here. */
const TASKER_STATUSES: Readonly<Record<string, TaskStatus>> = {
  completed: 'complete',
  in_progress: 'steps_in_process',
};
const STATUS_FILTERS = [...TASK_STATUSES, ...Object.keys(TASKER_STATUSES)];

/** Which tasks to list. */
export class TaskListQueryDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_PAGE,
    default: 1,
    description: '0 is taken as 1',
  })
  @IsOptional()
  @IsDigitsFrom(0, MAX_PAGE)
  page?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: DEFAULT_PER_PAGE,
    description: `0, and more than ${MAX_PER_PAGE}, are taken as ${DEFAULT_PER_PAGE}`,
  })
  @IsOptional()
  @IsDigitsFrom(0, Number.MAX_SAFE_INTEGER)
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

  @ApiPropertyOptional({
    enum: STATUS_FILTERS,
    enumName: 'TaskStatusFilter',
    description: 'completed is taken as complete, in_progress as steps_in_process',
  })
  @IsOptional()
  @IsIn(STATUS_FILTERS, { message: `must be one of ${TASK_STATUSES.join(', ')}` })
  status?: string;

  @ApiPropertyOptional({ maxLength: LONGEST.initiator, example: 'order-service' })
  @IsOptional()
  @IsText(LONGEST.initiator)
  initiator?: string;

  @ApiPropertyOptional({ maxLength: LONGEST.sourceSystem, example: 'web-shop' })
  @IsOptional()
  @IsText(LONGEST.sourceSystem)
  source_system?: string;

  get pageNumber(): number {
    return Number(this.page ?? 1) || 1;
  }

  get perPage(): number {
    const asked = Number(this.per_page ?? DEFAULT_PER_PAGE);
    return asked === 0 || asked > MAX_PER_PAGE ? DEFAULT_PER_PAGE : asked;
  }

  get taskStatus(): TaskStatus | undefined {
    const { status } = this;
    if (status === undefined) return undefined;
    return TASKER_STATUSES[status] ?? TASK_STATUSES.find((known) => known === status);
  }
}
