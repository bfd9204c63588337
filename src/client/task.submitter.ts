import { setImmediate } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { BacklogMonitor } from '../backlog/index.js';
import { LogSettings } from '../config/index.js';
import { Database } from '../database/index.js';
import {
  acceptedTask,
  checkTaskRequest,
  DuplicateTaskError,
  Engine,
  InvalidTaskRequestError,
  retryTransient,
  taskIdentity,
  TaskerError,
  TemplateCatalog,
  TemplateNotFoundError,
  timeOrderedUuid,
} from '../engine/index.js';
import type {
  NewTask,
  RegisteredTemplate,
  SubmitAnswer,
  SubmittedTask,
  Task,
  TaskRequest,
} from '../engine/index.js';
import { FieldLogger } from '../logging/index.js';
import { Meters } from '../metrics/index.js';
import { NOTIFY, READY_CHANNEL, WorkAnnouncer } from '../notifications/index.js';
import { SubmitBuffer } from './submit.buffer.js';
import type { StoredTask } from './submit.buffer.js';
import { TaskWatch } from './task.watch.js';
import { assertInTransaction } from './transaction.check.js';

export interface SubmitOptions {
  /**
   * A client of the caller's, with a transaction open: the task exists if and only if that transaction commits. The
   * caller handles its errors; nothing is tried again.
   */
  readonly client?: ClientBase;
}

/** What became of one request of many. */
export type SubmitManyOutcome = SubmittedTask | { readonly error: TaskerError };

/** For how long a lost connection or a conflict is tried again before the caller is told. */
const PATIENCE_MS = 5_000;

/** One call to the database takes at most this many tasks, and about this much text. */
const CHUNK_TASKS = 1_000;
/** Where there is more than one, the first takes fewer: its tasks are run while the others are still being stored. */
const FIRST_CHUNK_TASKS = 100;
const CHUNK_CHARACTERS = 8_000_000;
/** A call with a thousand wrong names is not to keep the process busy with looking for near ones. */
const MOST_SUGGESTIONS = 20;
/** Calls under way at once. */
const MOST_FLIGHTS = 2;

/** Refused requests of a batch that are described before others have their turn. */
const REFUSED_A_TURN = 10;

/** Checks requests, makes tasks of them, and stores these; whoever can run their first steps is told. */
@Injectable()
export class TaskSubmitter {
  private readonly buffer: SubmitBuffer;

  constructor(
    private readonly engine: Engine,
    private readonly database: Database,
    private readonly catalog: TemplateCatalog,
    private readonly announcer: WorkAnnouncer,
    private readonly watch: TaskWatch,
    private readonly backlog: BacklogMonitor,
    private readonly meters: Meters,
    private readonly log: LogSettings,
  ) {
    this.buffer = new SubmitBuffer(engine, announcer, PATIENCE_MS);
  }

  /** See `TaskClient.submit`. */
  async submit(request: TaskRequest, { client }: SubmitOptions = {}): Promise<SubmittedTask> {
    const prepared = this.prepare(request);
    if (client === undefined) return this.submitPrepared(prepared);
    assertInTransaction(client);
    this.assertRoom(1);
    return this.submitWithin(client, prepared);
  }

  /** See `TaskClient.submitAndGet`; null of a repeat, whose task is to be read. */
  async submitAndDescribe(
    request: TaskRequest,
  ): Promise<{ readonly submitted: SubmittedTask; readonly task: Task | null }> {
    const prepared = this.prepare(request);
    const submitted = await this.submitPrepared(prepared);
    const { created, acceptedAt } = submitted;
    const task = created ? acceptedTask(prepared.task, prepared.template, acceptedAt) : null;
    return { submitted, task };
  }

  /** See `TaskClient.submitMany`. */
  async submitMany(requests: readonly TaskRequest[]): Promise<readonly SubmitManyOutcome[]> {
    const outcomes = Array.from<SubmitManyOutcome>({ length: requests.length });
    const flights = new Set<Promise<void>>();
    let chunk: PlacedTask[] = [];
    let characters = 0;
    let unknown = 0;
    let refused = 0;
    let most = requests.length > CHUNK_TASKS ? FIRST_CHUNK_TASKS : CHUNK_TASKS;
    for (const [position, request] of requests.entries()) {
      try {
        const { task, json, template } = this.prepare(request, unknown < MOST_SUGGESTIONS);
        chunk.push({ task, json, template, position });
        characters += json.length;
      } catch (error) {
        outcomes[position] = { error: asTaskerError(error) };
        refused += 1;
        // What is wrong with a request takes a while to describe.
        if (refused % REFUSED_A_TURN === 0) await setImmediate();
        if (error instanceof TemplateNotFoundError) unknown += 1;
      }
      if (chunk.length >= most || characters >= CHUNK_CHARACTERS) {
        await this.launchChunk(chunk, outcomes, flights);
        chunk = [];
        characters = 0;
        most = CHUNK_TASKS;
      }
    }
    await this.launchChunk(chunk, outcomes, flights);
    await Promise.all(flights);
    return outcomes;
  }

  /**
   * Stores a chunk while the next one is prepared. Where tasks share an identity the earlier one is the one that is created, so
   * a chunk with such tasks has its turn alone.
   */
  private async launchChunk(
    chunk: readonly PlacedTask[],
    outcomes: SubmitManyOutcome[],
    flights: Set<Promise<void>>,
  ): Promise<void> {
    if (chunk.some(({ task }) => sharesIdentity(task))) {
      await Promise.all(flights);
      await this.submitChunk(chunk, outcomes);
      return;
    }
    if (flights.size >= MOST_FLIGHTS) await Promise.race(flights);
    const flight = this.submitChunk(chunk, outcomes).finally(() => flights.delete(flight));
    flights.add(flight);
  }

  /** @param suggests whether an unknown template is compared with those that there are, which costs time */
  private prepare(given: TaskRequest, suggests = true): PreparedTask {
    const { violations, request } = checkTaskRequest(given);
    if (violations.length > 0) throw new InvalidTaskRequestError(violations);
    const template = this.catalog.find(request.namespace, request.name, request.version);
    if (template === undefined) {
      const { namespace, name, version } = request;
      throw suggests
        ? this.catalog.notFound(namespace, name, version)
        : new TemplateNotFoundError(namespace, name, version);
    }
    const problems = template.checkContext(request.context, 'context');
    if (problems.length > 0) throw new InvalidTaskRequestError(problems);
    if (template.template.identityStrategy === 'caller_provided' && request.idempotencyKey === undefined) {
      throw new InvalidTaskRequestError([
        { path: 'idempotency_key', message: 'required: the template has identity_strategy caller_provided' },
      ]);
    }
    const task = newTask(request, template);
    return { task, json: JSON.stringify(task), template };
  }

  private async submitPrepared({ task, json, template }: PreparedTask): Promise<SubmittedTask> {
    this.assertRoom(1);
    this.watch.expect(task.task_uuid);
    const starting = { templateId: template.templateId, readySteps: readySteps(template) };
    const stored = await (sharesIdentity(task) ? this.storeAlone(json) : this.buffer.submit(json, starting));
    const submitted = submittedTask(task, stored?.answer);
    if (submitted.created) {
      this.logSubmitted(task, template);
      this.accepted(starting.readySteps, 1);
      if (stored?.taken !== true) this.announcer.announce(starting.templateId, starting.readySteps);
    }
    return submitted;
  }

  private async storeAlone(json: string): Promise<StoredTask | undefined> {
    const [answer] = await retryTransient(() => this.engine.submit([json]), { patienceMs: PATIENCE_MS });
    return answer && { answer, taken: false };
  }

  private async submitWithin(client: ClientBase, { task, json }: PreparedTask): Promise<SubmittedTask> {
    const [answer] = await this.engine.submit([json], client);
    const submitted = submittedTask(task, answer);
    // Sent by PostgreSQL when the caller's transaction commits, to this process as well: it has no origin.
    if (submitted.created) await this.database.queryOn(client, NOTIFY, [READY_CHANNEL, '']);
    return submitted;
  }

  private async submitChunk(chunk: readonly PlacedTask[], outcomes: SubmitManyOutcome[]): Promise<void> {
    if (chunk.length === 0) return;
    let answers: readonly SubmitAnswer[] = [];
    let failure: TaskerError | undefined;
    try {
      this.assertRoom(chunk.length);
      const tasks = chunk.map(({ json }) => json);
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
    for (const [templateId, { steps, tasks }] of created) {
      this.accepted(steps, tasks);
      this.announcer.announce(templateId, steps);
    }
  }

  private logSubmitted(task: NewTask, { template }: RegisteredTemplate): void {
    if (!this.log.logsChanges) return;
    new FieldLogger(TaskSubmitter.name, {
      task_uuid: task.task_uuid,
      correlation_id: task.correlation_id,
      namespace: template.namespace,
      name: template.name,
    }).debug('Task submitted');
  }

  private assertRoom(tasks: number): void {
    try {
      this.backlog.assertRoom();
    } catch (error) {
      this.meters.tasksRefused.inc(tasks);
      throw error;
    }
  }

  /** Tasks that this process has accepted, and how many of their steps can run at once. */
  private accepted(steps: number, tasks: number): void {
    this.meters.tasksSubmitted.inc(tasks);
    this.backlog.accepted(steps);
  }
}

/** Whether it may be the same as another one that is submitted. */
function sharesIdentity(task: NewTask): boolean {
  return task.unique_request === true || task.idempotency_hash !== undefined;
}

interface PreparedTask {
  readonly task: NewTask;
  /** The task as it is sent: written once. */
  readonly json: string;
  readonly template: RegisteredTemplate;
}

interface PlacedTask extends PreparedTask {
  readonly position: number;
}

function newTask(request: TaskRequest, template: RegisteredTemplate): NewTask {
  const identity = taskIdentity(template.template, request);
  return {
    task_uuid: timeOrderedUuid(),
    template_id: template.templateId,
    context: request.context,
    correlation_id: request.correlationId ?? timeOrderedUuid(),
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
    const { taskUuid, acceptedAt } = answer;
    return { taskUuid, created: answer.outcome === 'created', acceptedAt };
  }
  throw new DuplicateTaskError(
    task.idempotency_key === undefined
      ? `A task with the same identity (template and context) already exists: ${answer.taskUuid}`
      : `A task with the same identity already exists, and it is not a repeat of this request: ${answer.taskUuid}`,
    answer.taskUuid,
  );
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
