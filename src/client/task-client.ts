import { Injectable, Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { v7 as uuidV7 } from 'uuid';
import {
  checkTaskRequest,
  DuplicateTaskError,
  Engine,
  FINISHABLE_STATES,
  InvalidStateError,
  InvalidTaskRequestError,
  jsonProblem,
  NotFoundError,
  RESETTABLE_STATES,
  retryTransient,
  stepIndexOf,
  taskIdentity,
  TaskReader,
  TaskerError,
  TemplateCatalog,
  TemplateNotFoundError,
} from '../engine/index.js';
import type {
  JsonObject,
  JsonValue,
  ManualOutcome,
  NewTask,
  RegisteredTemplate,
  SubmitAnswer,
  StepState,
  SubmittedTask,
  Task,
  TaskRequest,
  TaskStep,
} from '../engine/index.js';
import { NOTIFY, READY_CHANNEL, TaskChanges, WorkAnnouncer } from '../notifications/index.js';
import { BacklogMonitor } from '../backlog/index.js';
import { LogSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import { Meters } from '../metrics/index.js';
import { TaskWatch } from './task.watch.js';

export interface SubmitOptions {
  /**
   * A client of the caller's, with a transaction open: the task exists if and only if that transaction commits. The
   * caller handles its errors; nothing is tried again.
   */
  readonly client?: ClientBase;
}

export interface WaitOptions {
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

/** What became of one request of many. */
export type SubmitManyOutcome = SubmittedTask | { readonly error: TaskerError };

/** For how long a lost connection or a conflict is tried again before the caller is told. */
const PATIENCE_MS = 5_000;

/** One call to the database takes at most this many tasks, and about this much text. */
const CHUNK_TASKS = 1_000;
const CHUNK_CHARACTERS = 8_000_000;

/** The way into the engine for code in this process: submit tasks, read them, wait for them, cancel them. */
@Injectable()
export class TaskClient {
  private readonly logger = new Logger(TaskClient.name);

  constructor(
    private readonly engine: Engine,
    private readonly database: Database,
    private readonly catalog: TemplateCatalog,
    private readonly reader: TaskReader,
    private readonly watch: TaskWatch,
    private readonly announcer: WorkAnnouncer,
    private readonly changes: TaskChanges,
    private readonly backlog: BacklogMonitor,
    private readonly meters: Meters,
    private readonly log: LogSettings,
  ) {}

  /**
   * Accepts one task. When the promise resolves the task is stored and will end, whatever happens to this process.
   *
   * @throws TemplateNotFoundError, InvalidTaskRequestError, DuplicateTaskError; BackpressureError while too much waits, also for
   *   a repeat; the database's error if it stays away
   */
  async submit(request: TaskRequest, { client }: SubmitOptions = {}): Promise<SubmittedTask> {
    const { task, template } = this.prepare(request);
    this.assertRoom(1);
    if (client !== undefined) return this.submitWithin(client, task);
    const [answer] = await retryTransient(() => this.engine.submit([task]), { patienceMs: PATIENCE_MS });
    const submitted = submittedTask(task, answer);
    if (submitted.created) {
      this.logSubmitted(task, template);
      this.announce(template.templateId, readySteps(template), 1);
    }
    return submitted;
  }

  /**
   * Accepts many tasks with few round trips. The answers are in the requests' order, each a task or the error that
   * `submit` would have thrown; a bad request does not keep the others from being accepted.
   */
  async submitMany(requests: readonly TaskRequest[]): Promise<readonly SubmitManyOutcome[]> {
    const outcomes = Array.from<SubmitManyOutcome>({ length: requests.length });
    let chunk: PreparedTask[] = [];
    let characters = 0;
    for (const [position, request] of requests.entries()) {
      try {
        const prepared = { ...this.prepare(request), position };
        chunk.push(prepared);
        characters += prepared.characters;
      } catch (error) {
        outcomes[position] = { error: asTaskerError(error) };
      }
      if (chunk.length >= CHUNK_TASKS || characters >= CHUNK_CHARACTERS) {
        await this.submitChunk(chunk, outcomes);
        chunk = [];
        characters = 0;
      }
    }
    await this.submitChunk(chunk, outcomes);
    return outcomes;
  }

  /** The task as it stands, with its steps. Rejects with `NotFoundError`. */
  async get(taskUuid: string): Promise<Task> {
    return retryTransient(() => this.reader.read(taskUuid), { patienceMs: PATIENCE_MS });
  }

  /** The step of the task as it stands. Rejects with `NotFoundError`, which says whether it is the task that is missing. */
  async getStep(taskUuid: string, stepUuid: string): Promise<TaskStep> {
    return findStep(await this.get(taskUuid), stepUuid);
  }

  /**
   * Resolves with the task once it has ended or is blocked by failures.
   *
   * @throws NotFoundError; WaitTimeoutError when `timeoutMs` have passed (the task goes on); the signal's reason
   */
  async waitFor(taskUuid: string, options: WaitOptions = {}): Promise<Task> {
    return this.watch.waitFor(taskUuid, options);
  }

  /**
   * Cancels a task: its unfinished steps will not run, running handlers are aborted, late results are refused.
   *
   * @throws NotFoundError; InvalidStateError where it has ended already
   */
  async cancel(taskUuid: string, { reason, by }: Partial<ManualAction> = {}): Promise<Task> {
    const outcome = await retryTransient(
      () => this.engine.cancel(taskUuid, reason ?? 'unknown', by ?? 'unknown'),
      { patienceMs: PATIENCE_MS },
    );
    if (outcome === 'not_found') throw new NotFoundError(`Task not found: ${taskUuid}`);
    const task = await this.get(taskUuid);
    if (outcome === 'ended') {
      throw new InvalidStateError(
        `Task ${taskUuid} has ended as ${task.status}: only an unfinished task can be cancelled`,
      );
    }
    this.logger.debug({ message: 'Task cancelled', task_uuid: taskUuid, reason, by });
    this.changes.publish([taskUuid]);
    return task;
  }

  /** Gives a step in error a new run, its attempts counted anew; its task goes on by itself. */
  async resetStep(taskUuid: string, stepUuid: string, { reason, by }: ManualAction): Promise<Task> {
    return this.byHand(taskUuid, stepUuid, { verb: 'reset', allowed: RESETTABLE_STATES }, (index) =>
      this.engine.resetStep(taskUuid, index, reason, by),
    );
  }

  /** Ends a step that is stuck, without a result; its dependants go on. */
  async resolveStep(taskUuid: string, stepUuid: string, { reason, by }: ManualAction): Promise<Task> {
    return this.byHand(taskUuid, stepUuid, { verb: 'resolved', allowed: FINISHABLE_STATES }, (index) =>
      this.engine.resolveStep(taskUuid, index, reason, by),
    );
  }

  /**
   * Ends a step that is stuck with a result given by hand; its dependants go on.
   *
   * @throws InvalidTaskRequestError where the result can't be stored, or breaks the step's `result_schema`
   */
  async completeStep(
    taskUuid: string,
    stepUuid: string,
    completion: { readonly result: JsonValue; readonly metadata?: JsonObject },
    { reason, by }: ManualAction,
  ): Promise<Task> {
    await this.checkCompletion(taskUuid, stepUuid, completion);
    return this.byHand(taskUuid, stepUuid, { verb: 'completed', allowed: FINISHABLE_STATES }, (index) =>
      this.engine.completeStep(taskUuid, index, completion.result, completion.metadata ?? {}, reason, by),
    );
  }

  /** A result given by hand must be one that the handler could have given: dependants trust its shape. */
  private async checkCompletion(
    taskUuid: string,
    stepUuid: string,
    { result, metadata = {} }: { readonly result: JsonValue; readonly metadata?: JsonObject },
  ): Promise<void> {
    const violations = Object.entries({ result, metadata }).flatMap(([part, value]) => {
      const problem = jsonProblem(value);
      return problem === null ? [] : [{ path: `${part}${problem.path}`, message: problem.message }];
    });
    if (violations.length > 0) throw new InvalidTaskRequestError(violations);
    const task = await this.get(taskUuid);
    const name = task.steps.find((step) => step.stepUuid === stepUuid)?.name;
    const template = await this.templateOf(task);
    const step = name === undefined ? undefined : template?.steps.get(name);
    const mismatches = step?.checkResult(result, 'result') ?? [];
    if (mismatches.length > 0) throw new InvalidTaskRequestError(mismatches);
  }

  /** Files first; what no file says any more, the database still knows. */
  private async templateOf({ namespace, name, version }: Task): Promise<RegisteredTemplate | undefined> {
    return this.catalog.find(namespace, name, version) ?? this.catalog.findPinned(namespace, name, version);
  }

  private prepare(request: TaskRequest): { task: NewTask; template: RegisteredTemplate; characters: number } {
    const violations = checkTaskRequest(request);
    if (violations.length > 0) throw new InvalidTaskRequestError(violations);
    const template = this.catalog.find(request.namespace, request.name, request.version);
    if (template === undefined) {
      throw new TemplateNotFoundError(request.namespace, request.name, request.version);
    }
    const problems = template.checkContext(request.context, 'context');
    if (problems.length > 0) throw new InvalidTaskRequestError(problems);
    if (template.template.identityStrategy === 'caller_provided' && request.idempotencyKey === undefined) {
      throw new InvalidTaskRequestError([
        { path: 'idempotency_key', message: 'required: the template has identity_strategy caller_provided' },
      ]);
    }
    const task = newTask(request, template);
    return { task, template, characters: JSON.stringify(task.context).length };
  }

  private async submitWithin(client: ClientBase, task: NewTask): Promise<SubmittedTask> {
    const [answer] = await this.engine.submit([task], client);
    const submitted = submittedTask(task, answer);
    // Sent by PostgreSQL when the caller's transaction commits, to this process as well: it has no origin.
    if (submitted.created) await this.database.queryOn(client, NOTIFY, [READY_CHANNEL, '']);
    return submitted;
  }

  private async submitChunk(chunk: readonly PreparedTask[], outcomes: SubmitManyOutcome[]): Promise<void> {
    if (chunk.length === 0) return;
    let answers: readonly SubmitAnswer[] = [];
    let failure: TaskerError | undefined;
    try {
      this.assertRoom(chunk.length);
      const tasks = chunk.map(({ task }) => task);
      answers = await retryTransient(() => this.engine.submit(tasks), { patienceMs: PATIENCE_MS });
    } catch (error) {
      failure = asTaskerError(error);
    }
    const created = new Map<number, { steps: number; tasks: number }>();
    for (const [index, { task, template, position }] of chunk.entries()) {
      try {
        if (failure !== undefined) throw failure;
        const submitted = submittedTask(task, answers[index]);
        outcomes[position] = submitted;
        if (!submitted.created) continue;
        this.logSubmitted(task, template);
        const { steps, tasks } = created.get(template.templateId) ?? { steps: 0, tasks: 0 };
        created.set(template.templateId, { steps: steps + readySteps(template), tasks: tasks + 1 });
      } catch (error) {
        outcomes[position] = { error: asTaskerError(error) };
      }
    }
    for (const [templateId, { steps, tasks }] of created) this.announce(templateId, steps, tasks);
  }

  private logSubmitted(task: NewTask, { template }: RegisteredTemplate): void {
    if (!this.log.logsChanges) return;
    this.logger.debug({
      message: 'Task submitted',
      task_uuid: task.task_uuid,
      correlation_id: task.correlation_id,
      namespace: template.namespace,
      name: template.name,
    });
  }

  private assertRoom(tasks: number): void {
    try {
      this.backlog.assertRoom();
    } catch (error) {
      this.meters.tasksRefused.inc(tasks);
      throw error;
    }
  }

  /** Steps that have become ready by tasks that this process has accepted. */
  private announce(templateId: number, steps: number, tasks: number): void {
    this.meters.tasksSubmitted.inc(tasks);
    this.backlog.accepted(steps);
    this.announcer.announce(templateId, steps);
  }

  private async byHand(
    taskUuid: string,
    stepUuid: string,
    { verb, allowed }: { readonly verb: string; readonly allowed: readonly StepState[] },
    act: (stepIndex: number) => Promise<ManualOutcome>,
  ): Promise<Task> {
    const index = stepIndexOf(taskUuid, stepUuid);
    const outcome = index === null ? 'not_found' : await act(index);
    const task = await this.get(taskUuid);
    const step = findStep(task, stepUuid);
    if (outcome === 'invalid_state') {
      throw new InvalidStateError(
        `Step ${step.name} is ${step.state} and its task ${task.status}: a step can be ${verb} by hand while it is ${listed(allowed)}, and its task has not ended`,
      );
    }
    this.logger.debug({
      message: `Step ${verb} by hand`,
      task_uuid: taskUuid,
      step_uuid: stepUuid,
      step: step.name,
      correlation_id: task.correlationId,
    });
    const template = await this.templateOf(task);
    if (template !== undefined) this.announcer.announce(template.templateId, task.readySteps);
    this.changes.publish([taskUuid]);
    return task;
  }
}

interface PreparedTask {
  readonly task: NewTask;
  readonly template: RegisteredTemplate;
  readonly characters: number;
  readonly position: number;
}

function newTask(request: TaskRequest, template: RegisteredTemplate): NewTask {
  const identity = taskIdentity(template.template, request);
  return {
    task_uuid: uuidV7(),
    template_id: template.templateId,
    context: request.context,
    correlation_id: request.correlationId ?? uuidV7(),
    parent_correlation_id: request.parentCorrelationId,
    priority: request.priority,
    lease_seconds: request.claimTimeoutSeconds,
    request_hash: identity.requestHash,
    unique_request: identity.uniqueRequest ? true : undefined,
    idempotency_hash: identity.idempotencyHash,
    idempotency_key: request.idempotencyKey,
    initiator: request.initiator ?? 'unknown',
    source_system: request.sourceSystem ?? 'unknown',
    reason: request.reason ?? 'unknown',
    tags: request.tags,
    options: request.options,
  };
}

function submittedTask(task: NewTask, answer: SubmitAnswer | undefined): SubmittedTask {
  if (answer === undefined) throw new Error('tasker.submit_tasks left a task unanswered');
  if (answer.outcome !== 'conflict') {
    return { taskUuid: answer.taskUuid, created: answer.outcome === 'created' };
  }
  throw new DuplicateTaskError(
    task.idempotency_key === undefined
      ? `A task with the same identity (template and context) already exists: ${answer.taskUuid}`
      : `A task with the same identity already exists, and it is not a repeat of this request: ${answer.taskUuid}`,
    answer.taskUuid,
  );
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

/** How many steps of a new task can run at once. */
function readySteps({ template }: RegisteredTemplate): number {
  return template.steps.filter((step) => step.dependencies.length === 0).length;
}

function asTaskerError(error: unknown): TaskerError {
  return error instanceof TaskerError ? error : new SubmitFailedError(error);
}

/** The database did not take a request of `submitMany`; its own error is the cause. */
export class SubmitFailedError extends TaskerError {
  readonly code = 'SUBMIT_FAILED';

  constructor(cause: unknown) {
    super(`The task could not be stored: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
