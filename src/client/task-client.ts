import { Injectable } from '@nestjs/common';
import {
  checkedUuid,
  checkManualAction,
  Engine,
  FINISHABLE_STATES,
  InvalidStateError,
  InvalidTaskRequestError,
  jsonProblem,
  NotFoundError,
  RESETTABLE_STATES,
  retryTransient,
  stepIndexOf,
  storedJson,
  TaskReader,
  TemplateCatalog,
} from '../engine/index.js';
import type {
  JsonObject,
  JsonValue,
  ManualOutcome,
  RegisteredTemplate,
  StepContents,
  StepState,
  SubmittedTask,
  Task,
  TaskRequest,
  TaskStep,
} from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import { TaskChanges, WorkAnnouncer } from '../notifications/index.js';
import { isJsonObject } from '../templates/index.js';
import { TaskSubmitter } from './task.submitter.js';
import type { SubmitManyOutcome, SubmitOptions } from './task.submitter.js';
import { TaskWatch } from './task.watch.js';

export interface ReadOptions {
  /**
   * False: results, metadata, error contexts and backtraces of steps are not read. Else they are, up to 8 MiB a task; a step
   * whose part is missing has `resultsOmitted`.
   */
  readonly results?: boolean;
}

export interface WaitOptions extends ReadOptions {
  /** For how long to wait; for ever where left out. */
  readonly timeoutMs?: number;
  /** Ends the waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Who does something by hand, and why; kept in the audit. */
export interface ManualAction {
  readonly reason: string;
  readonly by: string;
}

/** For how long a lost connection or a conflict is tried again before the caller is told. */
const PATIENCE_MS = 5_000;

/** The way into the engine for code in this process: submit tasks, read them, wait for them, cancel them. */
@Injectable()
export class TaskClient {
  constructor(
    private readonly engine: Engine,
    private readonly submitter: TaskSubmitter,
    private readonly catalog: TemplateCatalog,
    private readonly reader: TaskReader,
    private readonly watch: TaskWatch,
    private readonly announcer: WorkAnnouncer,
    private readonly changes: TaskChanges,
  ) {}

  /**
   * Accepts one task. When the promise resolves the task is stored and will end, whatever happens to this process.
   *
   * @throws TemplateNotFoundError, InvalidTaskRequestError, DuplicateTaskError, NoTransactionError; BackpressureError while too much waits, also for
   *   a repeat; the database's error if it stays away
   */
  async submit(request: TaskRequest, options: SubmitOptions = {}): Promise<SubmittedTask> {
    return this.submitter.submit(request, options);
  }

  /** As `submit`, without a client; answers with the task as it was accepted or, of a repeat, as it stands. */
  async submitAndGet(request: TaskRequest): Promise<Task> {
    const { submitted, task } = await this.submitter.submitAndDescribe(request);
    return task ?? this.get(submitted.taskUuid);
  }

  /**
   * Accepts many tasks with few round trips. The answers are in the requests' order, each a task or the error that
   * `submit` would have thrown; a bad request does not keep the others from being accepted.
   */
  async submitMany(requests: readonly TaskRequest[]): Promise<readonly SubmitManyOutcome[]> {
    return this.submitter.submitMany(requests);
  }

  /** The task as it stands, with its steps. Rejects with `NotFoundError` or `InvalidUuidError`. */
  async get(taskUuid: string, { results = true }: ReadOptions = {}): Promise<Task> {
    return this.read(checkedUuid('taskUuid', taskUuid), results ? 'bounded' : 'none');
  }

  /**
   * The step of the task as it stands, whole. Rejects with `NotFoundError`, which says whether the task or the step is missing, or with
   * `InvalidUuidError`.
   */
  async getStep(taskUuid: string, stepUuid: string): Promise<TaskStep> {
    const place = placeOf(taskUuid, stepUuid);
    const index = stepIndexOf(place.taskUuid, place.stepUuid);
    const task = await this.read(place.taskUuid, index === null ? 'none' : { ofStep: index });
    return findStep(task, place.stepUuid);
  }

  /**
   * Resolves with the task once it has ended or is blocked by failures.
   *
   * @throws NotFoundError; InvalidUuidError; WaitTimeoutError when `timeoutMs` have passed (the task goes on); the signal's reason
   */
  async waitFor(taskUuid: string, options: WaitOptions = {}): Promise<Task> {
    return this.watch.waitFor(checkedUuid('taskUuid', taskUuid), options);
  }

  /**
   * Cancels a task: its unfinished steps will not run, running handlers are aborted, late results are refused.
   *
   * @throws NotFoundError; InvalidUuidError; InvalidStateError where it has ended already; InvalidTaskRequestError where reason or
   *   name can't be stored
   */
  async cancel(
    taskUuid: string,
    { reason = 'unknown', by = 'unknown' }: Partial<ManualAction> = {},
  ): Promise<Task> {
    const uuid = checkedUuid('taskUuid', taskUuid);
    assertStorable({ reason, by });
    const outcome = await retryTransient(() => this.engine.cancel(uuid, reason, by), {
      patienceMs: PATIENCE_MS,
    });
    if (outcome === 'not_found') throw new NotFoundError(`Task not found: ${taskUuid}`);
    const task = await this.get(uuid);
    if (outcome === 'ended') {
      throw new InvalidStateError(
        `Task ${taskUuid} has ended as ${task.status}: only an unfinished task can be cancelled`,
      );
    }
    new FieldLogger(TaskClient.name, { task_uuid: uuid, reason, by }).debug('Task cancelled');
    this.changes.publish([uuid]);
    return task;
  }

  /**
   * Gives a step in error a new run, its attempts counted anew; its task goes on by itself.
   *
   * @throws NotFoundError; InvalidUuidError; InvalidStateError; InvalidTaskRequestError where reason or name can't be stored
   */
  async resetStep(taskUuid: string, stepUuid: string, action: ManualAction): Promise<Task> {
    return this.byHand(
      placeOf(taskUuid, stepUuid),
      action,
      { verb: 'reset', allowed: RESETTABLE_STATES },
      (uuid, index) => this.engine.resetStep(uuid, index, action.reason, action.by),
    );
  }

  /** Ends a step that is stuck, without a result; its dependants go on. Throws as `resetStep`. */
  async resolveStep(taskUuid: string, stepUuid: string, action: ManualAction): Promise<Task> {
    return this.byHand(
      placeOf(taskUuid, stepUuid),
      action,
      { verb: 'resolved', allowed: FINISHABLE_STATES },
      (uuid, index) => this.engine.resolveStep(uuid, index, action.reason, action.by),
    );
  }

  /**
   * Ends a step that is stuck with a result given by hand; its dependants go on.
   *
   * @throws as `resetStep`; InvalidTaskRequestError also where the result can't be stored, or breaks the step's `result_schema`
   */
  async completeStep(
    taskUuid: string,
    stepUuid: string,
    completion: { readonly result: JsonValue; readonly metadata?: JsonObject },
    action: ManualAction,
  ): Promise<Task> {
    const place = placeOf(taskUuid, stepUuid);
    assertStorable(action);
    const { result, metadata } = await this.checkedCompletion(place, completion);
    return this.byHand(place, action, { verb: 'completed', allowed: FINISHABLE_STATES }, (uuid, index) =>
      this.engine.completeStep(uuid, index, result, metadata, action.reason, action.by),
    );
  }

  private read(taskUuid: string, contents: StepContents): Promise<Task> {
    return retryTransient(() => this.reader.read(taskUuid, contents), { patienceMs: PATIENCE_MS });
  }

  /** A result given by hand must be one that the handler could have given: dependants trust its shape. */
  private async checkedCompletion(
    { taskUuid, stepUuid }: StepPlace,
    { result, metadata = {} }: { readonly result: JsonValue; readonly metadata?: JsonObject },
  ): Promise<{ readonly result: JsonValue; readonly metadata: JsonObject }> {
    const violations = Object.entries({ result, metadata }).flatMap(([part, value]) => {
      const problem = jsonProblem(value);
      return problem === null ? [] : [{ path: `${part}${problem.path}`, message: problem.message }];
    });
    if (violations.length > 0) throw new InvalidTaskRequestError(violations);
    const stored = storedJson({ result, metadata });
    if (!isJsonObject(stored.metadata))
      throw new InvalidTaskRequestError([{ path: 'metadata', message: 'expected an object' }]);
    const task = await this.get(taskUuid, { results: false });
    const name = task.steps.find((step) => step.stepUuid === stepUuid)?.name;
    const template = await this.templateOf(task);
    const step = name === undefined ? undefined : template?.steps.get(name);
    const mismatches = step?.checkResult(stored.result, 'result') ?? [];
    if (mismatches.length > 0) throw new InvalidTaskRequestError(mismatches);
    return stored;
  }

  /** Files first; what no file says any more, the database still knows. */
  private async templateOf({ namespace, name, version }: Task): Promise<RegisteredTemplate | undefined> {
    return this.catalog.find(namespace, name, version) ?? this.catalog.findPinned(namespace, name, version);
  }

  private async byHand(
    { taskUuid, stepUuid }: StepPlace,
    action: ManualAction,
    { verb, allowed }: { readonly verb: string; readonly allowed: readonly StepState[] },
    act: (taskUuid: string, stepIndex: number) => Promise<ManualOutcome>,
  ): Promise<Task> {
    assertStorable(action);
    const index = stepIndexOf(taskUuid, stepUuid);
    const outcome = index === null ? 'not_found' : await act(taskUuid, index);
    const task = await this.get(taskUuid);
    const step = findStep(task, stepUuid);
    if (outcome === 'invalid_state') {
      throw new InvalidStateError(
        `Step ${step.name} is ${step.state} and its task ${task.status}: a step can be ${verb} by hand while it is ${listed(allowed)}, and its task has not ended`,
      );
    }
    new FieldLogger(TaskClient.name, {
      task_uuid: taskUuid,
      step_uuid: stepUuid,
      step: step.name,
      correlation_id: task.correlationId,
    }).debug(`Step ${verb} by hand`);
    const template = await this.templateOf(task);
    if (template !== undefined) this.announcer.announce(template.templateId, task.readySteps);
    this.changes.publish([taskUuid]);
    return task;
  }
}

interface StepPlace {
  readonly taskUuid: string;
  readonly stepUuid: string;
}

function placeOf(taskUuid: string, stepUuid: string): StepPlace {
  return { taskUuid: checkedUuid('taskUuid', taskUuid), stepUuid: checkedUuid('stepUuid', stepUuid) };
}

function assertStorable(action: ManualAction): void {
  const violations = checkManualAction(action);
  if (violations.length > 0) throw new InvalidTaskRequestError(violations);
}

function findStep(task: Task, stepUuid: string): TaskStep {
  const step = task.steps.find((candidate) => candidate.stepUuid === stepUuid);
  if (step === undefined) throw new NotFoundError(`Step not found: ${stepUuid} of task ${task.taskUuid}`);
  return step;
}

/** `a, b or c` */
function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
}
