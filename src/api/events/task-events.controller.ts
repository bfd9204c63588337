import type { IncomingMessage, ServerResponse } from 'node:http';

import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';

import { InvalidRequestError } from '../../http/api.errors.js';
import { Operation } from '../../http/openapi/operation.decorator.js';
import { LongLived } from '../../http/request-timeout.interceptor.js';
import { UuidParamPipe } from '../../http/uuid-param.pipe.js';
import { TASK_NOT_FOUND } from '../tasks/not-found.examples.js';
import { TaskEventFeed } from './task-event.feed.js';
import { TaskEventQueryDto } from './task-event-query.dto.js';
import { TaskStateChange } from './task-event.responses.js';

/** What happens to a task, as it happens. */
@ApiTags('tasks')
@ApiExtraModels(TaskStateChange)
@Controller('v1/tasks')
export class TaskEventsController {
  constructor(private readonly feed: TaskEventFeed) {}

  @Get(':uuid/events')
  @LongLived(true)
  @Operation({
    summary: 'Follow a task',
    description:
      'Server-sent events, from the first change of state on, or behind Last-Event-ID: "step" and "task" with a TaskStateChange each, and "end" when the task has ended. A beginning attempt is told as it is seen, without an id.',
    permissions: ['tasks:read'],
    answer: String,
    errors: {
      ...TASK_NOT_FOUND,
      BAD_REQUEST: 'The request is not valid: Last-Event-ID: must be the id of an event',
    },
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last event that the client has seen',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'Events',
    schema: { type: 'string', description: getSchemaPath(TaskStateChange) },
  })
  async follow(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Query() { last_event_id }: TaskEventQueryDto,
    @Req() { headers }: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.feed.follow(uuid, eventIdOf(headers['last-event-id'] ?? last_event_id ?? '0'), response);
  }
}

function eventIdOf(sent: string | readonly string[]): string {
  if (typeof sent === 'string' && /^\d{1,18}$/.test(sent)) return sent;
  throw new InvalidRequestError([{ path: 'Last-Event-ID', message: 'must be the id of an event' }]);
}
