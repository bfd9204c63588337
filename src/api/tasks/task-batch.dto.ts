import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { IsListOfLength } from '../../http/index.js';
import { TaskRequestDto } from './task-request.dto.js';

const MOST_TASKS = 1_000;

/** Many tasks in one request. Each is looked at for itself: a bad one does not keep the others from being accepted. */
@ApiSchema({ name: 'TaskBatchRequest' })
export class TaskBatchRequestDto {
  @ApiProperty({ type: [TaskRequestDto], minItems: 1, maxItems: MOST_TASKS })
  @IsListOfLength(1, MOST_TASKS)
  tasks!: readonly unknown[];
}
