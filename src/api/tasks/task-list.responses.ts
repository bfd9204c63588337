import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { TaskResponse } from './task.responses.js';

/** Where a page lies in the list. */
export class Pagination {
  @ApiProperty({ type: 'integer', description: '1 for a page that was asked for by cursor', example: 1 })
  readonly page!: number;

  @ApiProperty({ type: 'integer', example: 25 })
  readonly per_page!: number;

  @ApiProperty({ type: 'integer', description: 'Exact to 10,000; from there on an estimate', example: 2 })
  readonly total_count!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly total_pages!: number;

  @ApiProperty()
  readonly has_next!: boolean;

  @ApiProperty()
  readonly has_previous!: boolean;

  @ApiPropertyOptional({ description: 'Given where total_count is an estimate' })
  readonly total_count_estimated?: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'For the next page, as cursor; null at the end' })
  readonly next_cursor!: string | null;
}

/** A page of tasks, newest first, without their steps. */
export class TaskListResponse {
  @ApiProperty({ type: [TaskResponse] })
  readonly tasks!: readonly TaskResponse[];

  @ApiProperty({ type: Pagination })
  readonly pagination!: Pagination;
}
