import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';

import { TaskClient } from '../../client/index.js';
import { ClientGone } from '../../http/client-gone.decorator.js';
import { TaskQueryDto } from './task-query.dto.js';
import { TaskRequestDto } from './task-request.dto.js';
import { toTaskRequest } from './task-request.mapper.js';
import { toStepResponse, toTaskResponse } from './task-response.mapper.js';
import type { StepResponse, TaskResponse } from './task.responses.js';
import { TaskWaiter } from './task.waiter.js';
import { UuidParamPipe } from '../../http/uuid-param.pipe.js';

/** Tasks over HTTP, as Tasker's clients know them. */
@Controller('v1/tasks')
export class TasksController {
  constructor(
    private readonly tasks: TaskClient,
    private readonly waiter: TaskWaiter,
  ) {}

  /** 200 also for a new task: Tasker's clients expect no other status. */
  @Post()
  @HttpCode(200)
  async submit(@Body() request: TaskRequestDto): Promise<TaskResponse> {
    const { taskUuid } = await this.tasks.submit(toTaskRequest(request));
    return toTaskResponse(await this.tasks.get(taskUuid));
  }

  @Get(':uuid')
  async read(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Query() { waitSeconds }: TaskQueryDto,
    @ClientGone() clientGone: AbortSignal,
  ): Promise<TaskResponse> {
    return toTaskResponse(await this.waiter.wait(uuid, waitSeconds, clientGone));
  }

  /** In topological order. */
  @Get(':uuid/workflow_steps')
  async readSteps(@Param('uuid', UuidParamPipe) uuid: string): Promise<readonly StepResponse[]> {
    const { steps } = await this.tasks.get(uuid);
    return steps.map(toStepResponse);
  }
}
