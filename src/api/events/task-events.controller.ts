import type { IncomingMessage, ServerResponse } from 'node:http';

import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiParam, ApiTags } from '@nestjs/swagger';

import { ClientGone, InvalidRequestError, Operation, UuidParamPipe } from '../../http/index.js';
import { TASK_UUID } from '../path.parameters.js';
import { TASK_NOT_FOUND } from '../tasks/not-found.examples.js';
import { TaskEventFeed } from './task-event.feed.js';
import { TaskEventQueryDto } from './task-event-query.dto.js';
import { TaskStateChange } from './task-event.responses.js';

const EVENT_STREAM = {
  description: 'Events; the data of "step" and "task" is a TaskStateChange',
  content: {
    'text/event-stream': {
      schema: { type: 'string' as const },
      example: [
        'id: 41',
        'event: step',
        'data: {"task_uuid":"0197a0de-0000-7000-8000-000000000001","step_uuid":"0197a0de-0000-8000-8000-000000000002","step":"linear_step_4","from_state":"in_progress","to_state":"complete","recorded_at":"2026-01-31T12:00:00.000Z","attempt":1}',
        '',
        'id: 42',
        'event: task',
        'data: {"task_uuid":"0197a0de-0000-7000-8000-000000000001","from_state":"steps_in_process","to_state":"complete","recorded_at":"2026-01-31T12:00:00.000Z"}',
        '',
        'event: end',
        'data: {"task_uuid":"0197a0de-0000-7000-8000-000000000001"}',
        '',
        '',
      ].join('\n'),
    },
  },
};

/** What happens to a task, as it happens. */
@ApiTags('tasks')
@ApiExtraModels(TaskStateChange)
@Controller('v1/tasks')
export class TaskEventsController {
  constructor(private readonly feed: TaskEventFeed) {}

  @Get(':uuid/events')
  @ApiParam(TASK_UUID)
  @Operation({
    id: 'followTask',
    summary: 'Follow a task',
    description:
      'Server-sent events, from the first change of state on, or behind Last-Event-ID: "step" and "task" with a TaskStateChange each, and "end" when the task has ended. A beginning attempt is told as it is seen, without an id.',
    permissions: ['tasks:read'],
    answer: EVENT_STREAM,
    longLived: true,
    errors: {
      ...TASK_NOT_FOUND,
      BAD_REQUEST: 'The request is not valid: Last-Event-ID: must be the id of an event',
    },
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last event that the client has seen',
    schema: { type: 'string', pattern: '^\\d{1,18}$', example: '42' },
  })
  async follow(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Query() { last_event_id }: TaskEventQueryDto,
    @Req() { headers }: IncomingMessage,
    @Res() response: ServerResponse,
    @ClientGone() gone: AbortSignal,
  ): Promise<void> {
    await this.feed.follow(uuid, eventIdOf(headers['last-event-id'] ?? last_event_id ?? '0'), response, gone);
  }
}

function eventIdOf(sent: string | readonly string[]): string {
  if (typeof sent === 'string' && /^\d{1,18}$/.test(sent)) return sent;
  throw new InvalidRequestError([{ path: 'Last-Event-ID', message: 'must be the id of an event' }]);
}
