import { frozen } from './deep.freezer.js';
import {
  ALL_STEPS,
  type EnvironmentOverrides,
  type RetryOverride,
  type RetryPolicy,
  type StepOverride,
  type StepTemplate,
  type TaskHandlerSettings,
  type TaskTemplate,
} from './template.types.js';

/**
 * The template as one environment sees it: `ALL` overrides first, then those of the step, each in the order of the file and
 * key by key. An environment that the template does not name changes nothing. The content hash stays that of the file.
 */
export function applyEnvironment(template: TaskTemplate, environment: string): TaskTemplate {
  if (!Object.hasOwn(template.environments, environment)) return template;
  const overrides = template.environments[environment];
  if (overrides === undefined) return template;
  return frozen({
    ...template,
    taskHandler: mergeTaskHandler(template.taskHandler, overrides),
    steps: mergeSteps(template.steps, overrides.steps),
  });
}

/** The steps with one environment's overrides. Linear in both, however many overrides say `ALL`. */
export function mergeSteps<S extends Pick<StepTemplate, 'name' | 'handler' | 'retry' | 'timeoutSeconds'>>(
  steps: readonly S[],
  overrides: readonly StepOverride[],
): readonly S[] {
  const byStep = new Map<string, StepOverride>();
  for (const override of overrides) {
    const earlier = byStep.get(override.name);
    byStep.set(override.name, earlier === undefined ? override : combine(earlier, override));
  }
  const forAll = byStep.get(ALL_STEPS);
  return steps.map((step) => mergeStep(mergeStep(step, forAll), byStep.get(step.name)));
}

function mergeStep<S extends Pick<StepTemplate, 'handler' | 'retry' | 'timeoutSeconds'>>(
  step: S,
  override: StepOverride | undefined,
): S {
  if (override === undefined) return step;
  return {
    ...step,
    handler: {
      ...step.handler,
      initialization: { ...step.handler.initialization, ...override.initialization },
    },
    timeoutSeconds: override.timeoutSeconds ?? step.timeoutSeconds,
    retry: mergeRetry(step.retry, override.retry),
  };
}

/** What is not overridden stays. */
export function mergeRetry(retry: RetryPolicy, override: RetryOverride): RetryPolicy {
  return {
    retryable: override.retryable ?? retry.retryable,
    maxAttempts: override.maxAttempts ?? retry.maxAttempts,
    backoff: override.backoff ?? retry.backoff,
    backoffBaseMs: override.backoffBaseMs ?? retry.backoffBaseMs,
    maxBackoffMs: override.maxBackoffMs ?? retry.maxBackoffMs,
  };
}

/** Two overrides of the same steps as one; the later wins. */
function combine(earlier: StepOverride, later: StepOverride): StepOverride {
  return {
    name: later.name,
    initialization: { ...earlier.initialization, ...later.initialization },
    timeoutSeconds: later.timeoutSeconds ?? earlier.timeoutSeconds,
    retry: {
      retryable: later.retry.retryable ?? earlier.retry.retryable,
      maxAttempts: later.retry.maxAttempts ?? earlier.retry.maxAttempts,
      backoff: later.retry.backoff ?? earlier.retry.backoff,
      backoffBaseMs: later.retry.backoffBaseMs ?? earlier.retry.backoffBaseMs,
      maxBackoffMs: later.retry.maxBackoffMs ?? earlier.retry.maxBackoffMs,
    },
  };
}

function mergeTaskHandler(
  handler: TaskHandlerSettings | null,
  { taskHandlerInitialization }: EnvironmentOverrides,
): TaskHandlerSettings | null {
  if (Object.keys(taskHandlerInitialization).length === 0) return handler;
  return {
    callable: handler?.callable ?? null,
    initialization: { ...handler?.initialization, ...taskHandlerInitialization },
  };
}
