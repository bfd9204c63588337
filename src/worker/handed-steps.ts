import { StepInput } from '../engine/index.js';
import type { AttemptKey, ClaimedStep, RegisteredTemplate, StepReport } from '../engine/index.js';

/** An attempt that has ended, and what is to be recorded of it. */
export interface EndedAttempt {
  readonly claim: ClaimedStep;
  readonly report: StepReport;
}

/**
 * The claims that a completion answers by their keys alone: dependants whose every parent was in its batch. They are put
 * together from what this process has: the parents' results as they were sent, the context as it came.
 */
export class HandedSteps {
  private readonly byTask = new Map<string, EndedAttempt[]>();

  constructor(
    batch: readonly EndedAttempt[],
    private readonly templateOf: (templateId: number) => RegisteredTemplate | undefined,
  ) {
    for (const ended of batch) {
      const siblings = this.byTask.get(ended.claim.taskUuid);
      if (siblings === undefined) this.byTask.set(ended.claim.taskUuid, [ended]);
      else siblings.push(ended);
    }
  }

  /** @throws ForeignStepError where its parents were not in the batch, which the database rules out */
  claim(key: AttemptKey): ClaimedStep {
    const siblings = this.byTask.get(key.taskUuid) ?? [];
    const parent = siblings[0]?.claim;
    const step = parent && this.templateOf(parent.templateId)?.graph[key.stepIndex];
    if (parent === undefined || step === undefined) throw new ForeignStepError(key);
    const results = step.dependencies.map((index) => resultMember(index, siblings, key));
    return {
      taskUuid: key.taskUuid,
      stepIndex: key.stepIndex,
      token: key.token,
      templateId: parent.templateId,
      name: step.name,
      attempt: 1,
      lostCount: 0,
      leaseSeconds: parent.leaseSeconds,
      correlationId: parent.correlationId,
      input: new StepInput(parent.input.contextJson, `{${results.join()}}`),
    };
  }
}

function resultMember(stepIndex: number, siblings: readonly EndedAttempt[], key: AttemptKey): string {
  const ended = siblings.find(({ claim }) => claim.stepIndex === stepIndex);
  if (ended?.report.outcome !== 'succeeded') throw new ForeignStepError(key);
  return `${JSON.stringify(ended.claim.name)}:${ended.report.resultJson}`;
}

/** A step was handed over whose parents this process does not have. */
export class ForeignStepError extends Error {
  readonly code = 'FOREIGN_STEP';

  constructor({ taskUuid, stepIndex }: AttemptKey) {
    super(`Step ${stepIndex} of task ${taskUuid} was handed over without its parents`);
    this.name = ForeignStepError.name;
  }
}
