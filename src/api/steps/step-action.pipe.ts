import { Injectable, type PipeTransform } from '@nestjs/common';

import { InvalidRequestError, readDto } from '../../http/index.js';
import {
  CompleteManuallyDto,
  CompletionDataDto,
  ResetForRetryDto,
  ResolveManuallyDto,
  type StepActionDto,
} from './step-action.dto.js';
import { STEP_ACTION_TYPES } from './step-action.types.js';

/** Reads the action that a body is about by its `action_type`, or refuses it with all that is wrong with it. */
@Injectable()
export class StepActionPipe implements PipeTransform<unknown, Promise<StepActionDto>> {
  async transform(body: unknown): Promise<StepActionDto> {
    switch (actionTypeOf(body)) {
      case 'reset_for_retry':
        return readDto(ResetForRetryDto, body);
      case 'resolve_manually':
        return readDto(ResolveManuallyDto, body);
      case 'complete_manually':
        return readCompletion(body);
      default:
        throw new InvalidRequestError([
          typeof body === 'object' && body !== null && !Array.isArray(body)
            ? { path: 'action_type', message: `must be one of ${STEP_ACTION_TYPES.join(', ')}` }
            : { path: '$', message: 'must be a JSON object' },
        ]);
    }
  }
}

function actionTypeOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'action_type')
    ? Reflect.get(body, 'action_type')
    : undefined;
}

async function readCompletion(body: unknown): Promise<CompleteManuallyDto> {
  const action = await readDto(CompleteManuallyDto, body);
  const completion_data = await readDto(CompletionDataDto, action.completion_data, 'completion_data');
  return Object.assign(action, { completion_data });
}
