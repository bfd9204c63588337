import { StepInput } from '../engine/index.js';
import type { AttemptKey, ClaimedStep, HandedStep, RegisteredTemplate, StepReport } from '../engine/index.js';

/** UTF-8 of a UTF-16 code unit. */
const MOST_BYTES_A_UNIT = 3;

/** An attempt that has ended, and what is to be recorded of it. */
export interface EndedAttempt {
  readonly claim: ClaimedStep;
  readonly report: StepReport;
}

/**
 * The claims that a completion answers by their places alone: dependants whose every parent was in its batch. They are put
 * together from what this process has: the parents' results as they were sent, the context as it came.
 */
export class HandedSteps {
  private byTask: ReadonlyMap<string, readonly EndedAttempt[]> | undefined;

  constructor(
    private readonly batch: readonly EndedAttempt[],
    private readonly templateOf: (templateId: number) => RegisteredTemplate | undefined,
    /** A larger input is left to the database to refuse, by the names and sizes of what is in it. */
    private readonly maxInputBytes: number,
  ) {}

  /** @throws ForeignStepError where its parents were not in the batch, which the database rules out */
  claim(handed: HandedStep): ClaimedStep {
    const { taskUuid, stepIndex, token } = handed;
    const parent = this.batch[handed.parent];
    const step = parent && this.templateOf(parent.claim.templateId)?.graph[stepIndex];
    if (parent?.claim.taskUuid !== taskUuid || step === undefined) throw new ForeignStepError(handed);
    const { templateId, leaseSeconds, correlationId, input } = parent.claim;
    return {
      taskUuid,
      stepIndex,
      token,
      templateId,
      name: step.name,
      attempt: 1,
      lostCount: 0,
      leaseSeconds,
      correlationId,
      input: this.inputOf(input.contextJson, this.members(step.dependencies, parent, handed)),
    };
  }

  private inputOf(contextJson: string, members: readonly string[]): StepInput {
    const length = members.reduce((sum, member) => sum + member.length, contextJson.length);
    if (length > this.maxInputBytes / MOST_BYTES_A_UNIT) {
      const bytes = [contextJson, ...members].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      if (bytes > this.maxInputBytes) return StepInput.deferred();
    }
    return new StepInput(contextJson, `{${members.join()}}`);
  }

  /** Of an object of the parents' results by name. Mostly it is the only parent, and nobody has to look for others. */
  private members(
    dependencies: readonly number[],
    parent: EndedAttempt,
    handed: AttemptKey,
  ): readonly string[] {
    if (dependencies.length === 1) return [resultMember(parent, dependencies[0], handed)];
    const parents = this.siblings(handed.taskUuid);
    return dependencies.map((index) =>
      resultMember(
        parents.find(({ claim }) => claim.stepIndex === index),
        index,
        handed,
      ),
    );
  }

  private siblings(taskUuid: string): readonly EndedAttempt[] {
    this.byTask ??= byTask(this.batch);
    return this.byTask.get(taskUuid) ?? [];
  }
}

function byTask(batch: readonly EndedAttempt[]): ReadonlyMap<string, readonly EndedAttempt[]> {
  const groups = new Map<string, EndedAttempt[]>();
  for (const ended of batch) {
    const siblings = groups.get(ended.claim.taskUuid);
    if (siblings === undefined) groups.set(ended.claim.taskUuid, [ended]);
    else siblings.push(ended);
  }
  return groups;
}

function resultMember(
  ended: EndedAttempt | undefined,
  stepIndex: number | undefined,
  handed: AttemptKey,
): string {
  if (ended?.report.outcome !== 'succeeded' || ended.claim.stepIndex !== stepIndex)
    throw new ForeignStepError(handed);
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
