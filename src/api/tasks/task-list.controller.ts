import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { type TaskFilter, TaskLister } from '../../engine/index.js';
import { Asking, InvalidRequestError, Operation } from '../../http/index.js';
import type { RequestIdentity } from '../../http/index.js';
import { readTaskCursor, writeTaskCursor } from './task-cursor.js';
import { TaskListQueryDto } from './task-list.dto.js';
import { TaskListResponse } from './task-list.responses.js';
import { toTaskResponse } from './task-response.mapper.js';

/** The tasks that are kept, page by page. */
@ApiTags('tasks')
@Controller('v1/tasks')
export class TaskListController {
  constructor(private readonly lister: TaskLister) {}

  @Get()
  @Operation({
    id: 'listTasks',
    summary: 'List tasks',
    description:
      'Newest first, without their steps. A page has 4 MiB of contexts, the smallest first; the other tasks have context_omitted.',
    permissions: ['tasks:list'],
    answer: TaskListResponse,
    errors: { BAD_REQUEST: 'The request is not valid: page: must be an integer from 0 to 1000000' },
  })
  async list(@Query() query: TaskListQueryDto, @Asking() asking: RequestIdentity): Promise<TaskListResponse> {
    if (query.cursor !== undefined && query.page !== undefined) {
      throw new InvalidRequestError([{ path: 'cursor', message: 'must not be given together with page' }]);
    }
    const { pageNumber, perPage } = query;
    const filter = filterOf(query);
    const after = query.cursor === undefined ? null : readTaskCursor(query.cursor);
    const [{ tasks, next }, { total, estimated }] = await Promise.all([
      this.lister.list(filter, {
        ...(after === null ? { offset: (pageNumber - 1) * perPage } : { after }),
        limit: perPage,
        contexts: asking.may('tasks:context_read'),
      }),
      this.lister.count(filter),
    ]);
    return {
      tasks: tasks.map((task) => toTaskResponse(task, asking)),
      pagination: {
        page: pageNumber,
        per_page: perPage,
        total_count: total,
        total_pages: Math.ceil(total / perPage),
        has_next: next !== null,
        has_previous: after !== null || pageNumber > 1,
        ...(estimated && { total_count_estimated: true }),
        next_cursor: next && writeTaskCursor(next),
      },
    };
  }
}

function filterOf({ namespace, taskStatus, initiator, source_system }: TaskListQueryDto): TaskFilter {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(taskStatus !== undefined && { status: taskStatus }),
    ...(initiator !== undefined && { initiator }),
    ...(source_system !== undefined && { sourceSystem: source_system }),
  };
}
