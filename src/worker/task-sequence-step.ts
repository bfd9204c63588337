import type { LoggerService } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { stepUuid } from '../engine/index.js';
import type { ClaimedStep, JsonObject, JsonValue } from '../engine/index.js';
import type { StepTemplate, TaskTemplate } from '../templates/index.js';
import { attemptLogger } from './attempt.log.js';
import { MissingDependencyError } from './step-errors.js';

/** What the engine does for a step while its handler runs. */
export interface StepServices {
  readonly signal: AbortSignal;
  readStepResult(stepName: string): Promise<JsonValue | undefined>;
  transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T>;
  heartbeat(): Promise<void>;
}

/** The task that a step belongs to. */
export interface StepTask<Context> {
  readonly taskUuid: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly correlationId: string;
  readonly context: Context;
  /** The template's `task_handler.initialization`. */
  readonly settings: JsonObject;
}

/** The step itself, and which attempt at it this is. */
export interface WorkflowStep {
  readonly stepUuid: string;
  readonly name: string;
  /** 1 for the first attempt; lost and handed-back attempts are not counted. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly lostCount: number;
}

/**
 * Everything that a handler is given for one attempt at one step: Tasker's `TaskSequenceStep`.
 *
 * @typeParam Context the task's context, as the template's `input_schema` describes it
 * @typeParam Dependencies results of the direct parents, by step name
 */
export class TaskSequenceStep<
  Context = JsonObject,
  Dependencies extends object = Readonly<Record<string, JsonValue>>,
> {
  private boundLogger: LoggerService | undefined;

  constructor(
    private readonly claim: ClaimedStep & {
      readonly input: { readonly context: Context; readonly results: Readonly<Partial<Dependencies>> };
    },
    private readonly template: TaskTemplate,
    /** What the template says about this step, `handler.initialization` included. */
    readonly stepDefinition: StepTemplate,
    private readonly services: StepServices,
  ) {}

  get task(): StepTask<Context> {
    const { claim, template } = this;
    return {
      taskUuid: claim.taskUuid,
      namespace: template.namespace,
      name: template.name,
      version: template.version,
      correlationId: claim.correlationId,
      context: this.context,
      settings: template.taskHandler?.initialization ?? {},
    };
  }

  get workflowStep(): WorkflowStep {
    const { claim, stepDefinition } = this;
    return {
      stepUuid: this.idempotencyKey,
      name: claim.name,
      attempt: claim.attempt,
      maxAttempts: Math.max(stepDefinition.retry.maxAttempts, 1),
      lostCount: claim.lostCount,
    };
  }

  /** The task's context. */
  get context(): Context {
    return this.claim.input.context;
  }

  /** Results of the direct parents by name, without those that were resolved by hand. */
  get dependencyResults(): Readonly<Partial<Dependencies>> {
    return this.claim.input.results;
  }

  /** Fires when the attempt is over before the handler is: timeout, lost lease, cancelled task, shutdown. */
  get signal(): AbortSignal {
    return this.services.signal;
  }

  /** `handler.initialization` of the template: settings of this step. */
  get initialization(): JsonObject {
    return this.stepDefinition.handler.initialization;
  }

  /** The same for every attempt at this step, and for no other step: give it to whoever must not do a thing twice. */
  get idempotencyKey(): string {
    return stepUuid(this.claim.taskUuid, this.claim.stepIndex);
  }

  /** Logs with the step and its task named. */
  get logger(): LoggerService {
    this.boundLogger ??= attemptLogger(
      `${this.template.namespace}/${this.claim.name}`,
      this.template.namespace,
      this.claim,
    );
    return this.boundLogger;
  }

  /**
   * The result of a direct parent, which may be `null`.
   *
   * @throws MissingDependencyError (not retryable) if that step is no direct parent, or was resolved by hand without a result
   */
  dependency<Name extends keyof Dependencies & string>(name: Name): Dependencies[Name] {
    const results = this.dependencyResults;
    const result: Dependencies[Name] | undefined = Object.hasOwn(results, name) ? results[name] : undefined;
    if (result !== undefined) return result;
    const { dependencies } = this.stepDefinition;
    throw dependencies.includes(name)
      ? MissingDependencyError.withoutResult(name)
      : MissingDependencyError.notAParent(name, this.claim.name, dependencies);
  }

  /**
   * The result of any complete step of the task, however far up, which may be `null`; undefined if that step has not finished,
   * was resolved by hand, or does not exist.
   */
  async result(stepName: string): Promise<JsonValue | undefined> {
    return this.services.readStepResult(stepName);
  }

  /**
   * Runs `work` in a transaction that commits together with this step's completion, or not at all: on failure, timeout, a
   * lost lease or a result that can't be stored everything in it is rolled back. A second call joins the first one's
   * transaction.
   *
   * The client refuses what is the engine's to do: to begin or end the transaction, and to give the connection back.
   */
  transaction<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    return this.services.transaction(work);
  }

  /**
   * Confirms that this attempt still holds the step, and renews its lease. It is renewed by itself while the handler runs;
   * call this before an effect that can't be taken back.
   *
   * @throws StepAbortedError with code LEASE_LOST where the step is no longer this attempt's
   */
  heartbeat(): Promise<void> {
    return this.services.heartbeat();
  }
}
