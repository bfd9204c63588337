import type { ServerResponse } from 'node:http';

import { Body, Controller, Get, Param, Patch, Query, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiParam, ApiTags, getSchemaPath } from '@nestjs/swagger';

import { TaskClient } from '../../client/index.js';
import { StepAuditReader } from '../../engine/index.js';
import { Asking, Operation, UuidParamPipe } from '../../http/index.js';
import type { RequestIdentity } from '../../http/index.js';
import { STEP_NOT_FOUND, TASK_NOT_FOUND } from '../tasks/not-found.examples.js';
import { STEP_UUID, TASK_UUID } from '../path.parameters.js';
import {
  CompleteManuallyDto,
  ResetForRetryDto,
  ResolveManuallyDto,
  type StepActionDto,
} from './step-action.dto.js';
import { StepActionPipe } from './step-action.pipe.js';
import { StepActions } from './step-actions.js';
import { StepAuditQueryDto } from './step-audit-query.dto.js';
import { toStepAuditResponse } from './step-audit.mapper.js';
import { StepAuditResponse } from './step-audit.responses.js';
import { toStepResponse } from './step-response.mapper.js';
import { StepResponse } from './step.responses.js';

/** The steps of a task, and what can be done with them by hand. */
@ApiTags('steps')
@ApiExtraModels(ResetForRetryDto, ResolveManuallyDto, CompleteManuallyDto)
@ApiParam(TASK_UUID)
@Controller('v1/tasks/:uuid/workflow_steps')
export class StepsController {
  constructor(
    private readonly tasks: TaskClient,
    private readonly actions: StepActions,
    private readonly audits: StepAuditReader,
  ) {}

  @Get()
  @Operation({
    id: 'listSteps',
    summary: 'Read the steps of a task',
    description:
      'In topological order: a step comes after all it depends on. Of steps that have left more than 8 MiB together the largest come with results_omitted, and without what they left.',
    permissions: ['steps:read'],
    answer: [StepResponse],
    errors: TASK_NOT_FOUND,
  })
  async readAll(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Asking() asking: RequestIdentity,
  ): Promise<readonly StepResponse[]> {
    const { steps } = await this.tasks.get(uuid);
    return steps.map((step) => toStepResponse(step, asking));
  }

  @Get(':stepUuid')
  @ApiParam(STEP_UUID)
  @Operation({
    id: 'getStep',
    summary: 'Read a step',
    permissions: ['steps:read'],
    answer: StepResponse,
    errors: STEP_NOT_FOUND,
  })
  async read(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Param('stepUuid', UuidParamPipe) stepUuid: string,
    @Asking() asking: RequestIdentity,
  ): Promise<StepResponse> {
    return toStepResponse(await this.tasks.getStep(uuid, stepUuid), asking);
  }

  @Patch(':stepUuid')
  @ApiParam(STEP_UUID)
  @Operation({
    id: 'actOnStep',
    summary: 'Reset, resolve or complete a step by hand',
    description:
      'reset_for_retry gives a step in error a new run; resolve_manually ends a step without a result, complete_manually with one, and its dependants go on. Without the permission steps:read the answer has no results.',
    permissions: ['steps:resolve'],
    answer: StepResponse,
    errors: {
      ...STEP_NOT_FOUND,
      BAD_REQUEST:
        'The request is not valid: action_type: must be one of reset_for_retry, resolve_manually, complete_manually',
      JSON_ERROR: 'The body is not valid JSON: expected a value, found "}" at line 1, column 10 (position 9)',
      PAYLOAD_TOO_LARGE: 'The body is larger than 1048576 bytes',
      UNSUPPORTED_MEDIA_TYPE: 'Expected a body of type "application/json" in UTF-8, found "text/plain"',
    },
  })
  @ApiBody({
    schema: {
      oneOf: [
        { $ref: getSchemaPath(ResetForRetryDto) },
        { $ref: getSchemaPath(ResolveManuallyDto) },
        { $ref: getSchemaPath(CompleteManuallyDto) },
      ],
      discriminator: {
        propertyName: 'action_type',
        mapping: {
          reset_for_retry: getSchemaPath(ResetForRetryDto),
          resolve_manually: getSchemaPath(ResolveManuallyDto),
          complete_manually: getSchemaPath(CompleteManuallyDto),
        },
      },
    },
    examples: {
      reset_for_retry: {
        value: { action_type: 'reset_for_retry', reason: 'The bank is back', reset_by: 'ada@example.com' },
      },
      resolve_manually: {
        value: { action_type: 'resolve_manually', reason: 'Done by phone', resolved_by: 'ada@example.com' },
      },
      complete_manually: {
        value: {
          action_type: 'complete_manually',
          completion_data: { result: { total: 209.97 } },
          reason: 'Paid in cash',
          completed_by: 'ada@example.com',
        },
      },
    },
  })
  async act(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Param('stepUuid', UuidParamPipe) stepUuid: string,
    @Body(StepActionPipe) action: StepActionDto,
    @Asking() asking: RequestIdentity,
  ): Promise<StepResponse> {
    return toStepResponse(await this.actions.perform(uuid, stepUuid, action), asking);
  }

  @Get(':stepUuid/audit')
  @ApiParam(STEP_UUID)
  @Operation({
    id: 'getStepAudit',
    summary: 'Read what was recorded of a step',
    description:
      'One entry an attempt or manual action, oldest first, at most 100 of them and about 8 MiB. If more follow, the header Link names the next page (rel="next").',
    permissions: ['steps:read'],
    answer: [StepAuditResponse],
    errors: STEP_NOT_FOUND,
  })
  async audit(
    @Param('uuid', UuidParamPipe) uuid: string,
    @Param('stepUuid', UuidParamPipe) stepUuid: string,
    @Query() { cursor }: StepAuditQueryDto,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<readonly StepAuditResponse[]> {
    const { entries, next } = await this.audits.read(uuid, stepUuid, cursor);
    if (next !== null) response.setHeader('Link', `<?cursor=${next}>; rel="next"`);
    return entries.map(toStepAuditResponse);
  }
}
