import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiParam, ApiTags } from '@nestjs/swagger';

import { TaskClient } from '../../client/index.js';
import { DeadLetterReader } from '../../engine/index.js';
import { Asking, ClientGone, currentRequestId, Operation, UuidParamPipe } from '../../http/index.js';
import type { RequestIdentity } from '../../http/index.js';
import { TASK_UUID } from '../path.parameters.js';
import { TASK_NOT_FOUND } from './not-found.examples.js';
import { TaskBatchRequestDto } from './task-batch.dto.js';
import { TaskBatchResponse } from './task-batch.responses.js';
import { TaskBatchSubmitter } from './task-batch.submitter.js';
import { TaskQueryDto } from './task-query.dto.js';
import { TaskRequestDto } from './task-request.dto.js';
import { TASK_BATCHES, TASK_REQUESTS } from './task-request.examples.js';
import { toTaskRequest } from './task-request.mapper.js';
import { toTaskResponse } from './task-response.mapper.js';
import { toTaskSummary } from './task-summary.mapper.js';
import { TaskSummaryResponse } from './task-summary.responses.js';
import { TaskResponse } from './task.responses.js';
import { TaskWaiter } from './task.waiter.js';

/** Tasks over HTTP, as Tasker's clients know them. */
@ApiTags('tasks')
@Controller('v1/tasks')
export class TasksController {
  constructor(
    private readonly tasks: TaskClient,
    private readonly batches: TaskBatchSubmitter,
    private readonly waiter: TaskWaiter,
    private readonly deadLetters: DeadLetterReader,
  ) {}

  @Post()
  @Operation({
    id: 'submitTask',
    summary: 'Submit a task',
    description:
      'It is stored when the answer comes. A repeat of the same request with the same idempotency_key answers with the same task.',
    permissions: ['tasks:create'],
    answer: TaskResponse,
    errors: {
      BAD_REQUEST: 'The request is not valid: context.even_number: must be an even integer',
      JSON_ERROR: 'The body is not valid JSON: expected a value, found "}" at line 1, column 10 (position 9)',
      NOT_FOUND: 'Task template not found: linear_workflow/mathematical_sequence/9.9.9',
      CONFLICT:
        'A task with the same identity (template and context) already exists: 0197a0de-0000-7000-8000-000000000001',
      PAYLOAD_TOO_LARGE: 'The body is larger than 1048576 bytes',
      UNSUPPORTED_MEDIA_TYPE: 'Expected a body of type "application/json" in UTF-8, found "text/plain"',
      BACKPRESSURE: 'More steps wait than the service takes now; try again in a moment',
    },
  })
  @ApiBody({ type: TaskRequestDto, examples: TASK_REQUESTS })
  async submit(@Body() request: TaskRequestDto, @Asking() asking: RequestIdentity): Promise<TaskResponse> {
    return toTaskResponse(await this.tasks.submitAndGet(toTaskRequest(request, currentRequestId())), asking);
  }

  @Post('batch')
  @Operation({
    id: 'submitTasks',
    summary: 'Submit many tasks at once',
    description:
      'One insert takes all that are good. A bad one does not keep the others from being accepted: each is answered for itself, in order.',
    permissions: ['tasks:create'],
    answer: TaskBatchResponse,
    errors: {
      BAD_REQUEST: 'The request is not valid: tasks: must be an array of 1 to 1000 items',
      JSON_ERROR: 'The body is not valid JSON: expected a value, found "}" at line 1, column 10 (position 9)',
      PAYLOAD_TOO_LARGE: 'The body is larger than 1048576 bytes',
      UNSUPPORTED_MEDIA_TYPE: 'Expected a body of type "application/json" in UTF-8, found "text/plain"',
      BACKPRESSURE: 'More steps wait than the service takes now; try again in a moment',
    },
  })
  @ApiBody({ type: TaskBatchRequestDto, examples: TASK_BATCHES })
  async submitBatch(@Body() { tasks }: TaskBatchRequestDto): Promise<TaskBatchResponse> {
    return { tasks: await this.batches.submit(tasks) };
  }

  @Get(':uuid')
  @ApiParam(TASK_UUID)
  @Operation({
    id: 'getTask',
    summary: 'Read a task',
    description: 'With wait_seconds the answer is held until the task has ended or is blocked by failures.',
    longLived: true,
    permissions: ['tasks:read'],
    answer: TaskResponse,
    errors: TASK_NOT_FOUND,
  })
  async read(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Query() { waitSeconds }: TaskQueryDto,
    @ClientGone() clientGone: AbortSignal,
    @Asking() asking: RequestIdentity,
  ): Promise<TaskResponse> {
    return toTaskResponse(await this.waiter.wait(uuid, waitSeconds, clientGone), asking);
  }

  @Get(':uuid/summary')
  @ApiParam(TASK_UUID)
  @Operation({
    id: 'getTaskSummary',
    summary: 'Read how a task stands',
    description:
      'What each step gave, why steps have failed, and what the others wait for. Results and error contexts need the permission steps:read; without it they are empty. Of steps that have left more than 8 MiB together the largest are left out, with results_omitted.',
    permissions: ['tasks:read'],
    answer: TaskSummaryResponse,
    errors: TASK_NOT_FOUND,
  })
  async summarize(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Asking() asking: RequestIdentity,
  ): Promise<TaskSummaryResponse> {
    const task = await this.tasks.get(uuid, { results: asking.may('steps:read') });
    return toTaskSummary(task, asking, await this.deadLetters.read(task));
  }

  @Delete(':uuid')
  @ApiParam(TASK_UUID)
  @Operation({
    id: 'cancelTask',
    summary: 'Cancel a task',
    description: 'Its unfinished steps will not run, and running ones are told to stop.',
    permissions: ['tasks:cancel'],
    answer: TaskResponse,
    errors: {
      ...TASK_NOT_FOUND,
      BAD_REQUEST:
        'Task 0197a0de-0000-7000-8000-000000000001 has ended as complete: only an unfinished task can be cancelled',
    },
  })
  async cancel(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Asking() asking: RequestIdentity,
  ): Promise<TaskResponse> {
    return toTaskResponse(await this.tasks.cancel(uuid, { reason: 'Cancelled over the REST API' }), asking);
  }
}
