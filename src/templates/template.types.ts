import type { JsonObject, JsonSchema } from './json.types.js';

export const IDENTITY_STRATEGIES = ['strict', 'caller_provided', 'always_unique'] as const;
export type IdentityStrategy = (typeof IDENTITY_STRATEGIES)[number];

export const BACKOFFS = ['none', 'linear', 'exponential', 'fibonacci'] as const;
export type Backoff = (typeof BACKOFFS)[number];

/** When a step publishes an event: by how it ended. */
export const EVENT_CONDITIONS = [
  'success',
  'failure',
  'retryable_failure',
  'permanent_failure',
  'always',
] as const;
export type EventCondition = (typeof EVENT_CONDITIONS)[number];

/** `durable`: through the outbox, at least once. `fast`: in this process, may be lost. `broadcast`: both. */
export const EVENT_DELIVERY_MODES = ['durable', 'fast', 'broadcast'] as const;
export type EventDeliveryMode = (typeof EVENT_DELIVERY_MODES)[number];

/** What becomes of a task over a limit: `error` with an entry in `tasks_dlq`, `error` alone, or nothing but a mark. */
export const STALENESS_ACTIONS = ['dlq', 'error', 'none'] as const;
export type StalenessAction = (typeof STALENESS_ACTIONS)[number];

/** In `environments.<env>.steps[].name`: every step of the template. No step may be called so. */
export const ALL_STEPS = 'ALL';

/**
 * One version of a workflow, as its file describes it: checked, complete (defaults filled in) and deeply frozen.
 * Namespace, name and version identify it.
 */
export interface TaskTemplate {
  readonly namespace: string;
  readonly name: string;
  /** `x.y.z` */
  readonly version: string;
  readonly description: string | null;
  readonly metadata: TemplateMetadata;
  readonly systemDependencies: SystemDependencies;
  /** A path that Tasker's tools write into files; shown, never read from, and no part of the content hash. */
  readonly loadedFrom: string | null;
  readonly taskHandler: TaskHandlerSettings | null;
  /** The events that steps may publish; empty: any. */
  readonly domainEvents: readonly DomainEventTemplate[];
  /** What a task's context must look like; `null` allows any. */
  readonly inputSchema: JsonSchema | null;
  readonly identityStrategy: IdentityStrategy;
  /** In the order of the file; dependencies exist, and no cycle runs through them. */
  readonly steps: readonly StepTemplate[];
  readonly lifecycle: LifecycleTemplate | null;
  /** Overrides by environment name, as declared: `applyEnvironment` puts one of them into effect. */
  readonly environments: Readonly<Record<string, EnvironmentOverrides>>;
  /** SHA-256 (hex) of what the file says, however it is spelled, ordered, commented or called. */
  readonly contentHash: string;
  /** Where it was read from, for messages. */
  readonly file: string;
}

export interface TemplateMetadata {
  readonly author: string | null;
  readonly tags: readonly string[];
  readonly documentationUrl: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly notes: string | null;
  /** Its other keys, which may be any; left out if there are none. */
  readonly others?: JsonObject;
}

export interface SystemDependencies {
  readonly primary: string | null;
  readonly secondary: readonly string[];
}

export interface TaskHandlerSettings {
  readonly callable: string | null;
  readonly initialization: JsonObject;
}

export interface StepTemplate {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly name: string;
  readonly description: string | null;
  readonly systemDependency: string | null;
  readonly type: 'standard';
  readonly handler: StepHandlerReference;
  /** Names of the steps whose results this one waits for. */
  readonly dependencies: readonly string[];
  readonly retry: RetryPolicy;
  /** `null`: the setting's default. */
  readonly timeoutSeconds: number | null;
  readonly resultSchema: JsonSchema | null;
  readonly publishesEvents: readonly PublishedEventTemplate[];
}

export interface StepHandlerReference {
  readonly callable: string;
  readonly method: string;
  readonly resolver: string | null;
  readonly initialization: JsonObject;
}

export interface RetryPolicy {
  readonly retryable: boolean;
  /** Counts the first run; 0 and 1 both run once. */
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly backoffBaseMs: number;
  /** Never below `backoffBaseMs`. */
  readonly maxBackoffMs: number;
}

/** An event that the template's steps may publish. */
export interface DomainEventTemplate {
  readonly name: string;
  readonly description: string | null;
  /** What a published payload must look like. */
  readonly schema: JsonSchema | null;
}

/** An event that a step publishes when it ends. */
export interface PublishedEventTemplate {
  readonly name: string;
  readonly description: string | null;
  readonly condition: EventCondition;
  readonly deliveryMode: EventDeliveryMode;
  /** Wins over the declared event's schema. */
  readonly schema: JsonSchema | null;
  /** Who makes the payload; `null`: it is the step's result, or its error. */
  readonly publisher: string | null;
}

/** Limits in minutes; `null`: none. */
export interface LifecycleTemplate {
  readonly maxDurationMinutes: number | null;
  readonly maxWaitingForDependenciesMinutes: number | null;
  readonly maxWaitingForRetryMinutes: number | null;
  readonly maxStepsInProcessMinutes: number | null;
  readonly stalenessAction: StalenessAction;
  /** For `maxDurationMinutes`, instead of `stalenessAction`; `null`: not given. */
  readonly autoFailOnTimeout: boolean | null;
  readonly autoDlqOnTimeout: boolean | null;
}

export interface EnvironmentOverrides {
  /** Merged over `taskHandler.initialization`, key by key. */
  readonly taskHandlerInitialization: JsonObject;
  readonly steps: readonly StepOverride[];
}

export interface StepOverride {
  /** A step's name, or `ALL`. */
  readonly name: string;
  readonly initialization: JsonObject;
  /** `null`: not overridden. */
  readonly timeoutSeconds: number | null;
  readonly retry: RetryOverride;
}

/** `null`: not overridden. */
export type RetryOverride = { readonly [Key in keyof RetryPolicy]: RetryPolicy[Key] | null };
