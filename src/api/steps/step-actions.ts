import { Injectable } from '@nestjs/common';

import { TaskClient } from '../../client/index.js';
import { InvalidTaskRequestError } from '../../engine/index.js';
import type { TaskStep } from '../../engine/index.js';
import { InvalidRequestError } from '../../http/index.js';
import type { CompleteManuallyDto, StepActionDto } from './step-action.dto.js';

/** Does by hand what an operator asks for. */
@Injectable()
export class StepActions {
  constructor(private readonly tasks: TaskClient) {}

  /** The step as it is afterwards. Rejects with what `TaskClient` rejects with. */
  async perform(taskUuid: string, stepUuid: string, action: StepActionDto): Promise<TaskStep> {
    // Tells whether it is the task or the step that is missing, before anything is asked for.
    await this.tasks.getStep(taskUuid, stepUuid);
    const { steps } = await this.act(taskUuid, stepUuid, action);
    const step = steps.find((one) => one.stepUuid === stepUuid);
    return step === undefined || step.resultsOmitted === true ? this.tasks.getStep(taskUuid, stepUuid) : step;
  }

  private act(taskUuid: string, stepUuid: string, action: StepActionDto) {
    const { reason } = action;
    if (action.action_type === 'reset_for_retry')
      return this.tasks.resetStep(taskUuid, stepUuid, { reason, by: action.reset_by });
    if (action.action_type === 'resolve_manually')
      return this.tasks.resolveStep(taskUuid, stepUuid, { reason, by: action.resolved_by });
    return this.complete(taskUuid, stepUuid, action);
  }

  private async complete(taskUuid: string, stepUuid: string, action: CompleteManuallyDto) {
    const { result, metadata } = action.completion_data;
    try {
      return await this.tasks.completeStep(
        taskUuid,
        stepUuid,
        { result, ...(metadata != null && { metadata }) },
        { reason: action.reason, by: action.completed_by },
      );
    } catch (error) {
      throw error instanceof InvalidTaskRequestError
        ? new InvalidRequestError(error.violations, error.rest).within('completion_data')
        : error;
    }
  }
}
