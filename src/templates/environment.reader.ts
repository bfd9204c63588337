import { didYouMean } from '../spelling/index.js';
import { mergeSteps } from './environment.merger.js';
import { dictionaryOf, mapOf } from './map.reader.js';
import { backoffBoundsProblem, NO_RETRY_OVERRIDE, retryOverride, timeoutSeconds } from './step.reader.js';
import {
  ALL_STEPS,
  type EnvironmentOverrides,
  type StepOverride,
  type StepTemplate,
} from './template.types.js';
import type { Cursor } from './value.cursor.js';
import { jsonObject, listOf, text } from './value.readers.js';

// As many as a template may have steps, so that the check of all of them stays small.
const MOST_OVERRIDES = 2000;

export interface EnvironmentDraft {
  readonly taskHandlerInitialization: EnvironmentOverrides['taskHandlerInitialization'];
  readonly steps: readonly StepOverrideDraft[];
}

interface StepOverrideDraft {
  readonly value: StepOverride;
  readonly cursor: Cursor;
  readonly nameCursor: Cursor;
}

const onlyInitialization = mapOf((key) => key.optional('initialization', jsonObject, {}));

const stepOverride = mapOf((key): StepOverrideDraft => ({
  value: {
    name: key.required('name', text()),
    initialization: key.optional('handler', onlyInitialization, {}),
    timeoutSeconds: key.optional('timeout_seconds', timeoutSeconds, null),
    retry: key.optional('retry', retryOverride, NO_RETRY_OVERRIDE),
  },
  cursor: key.here,
  nameCursor: key.cursor('name'),
}));

const environment = mapOf((key): EnvironmentDraft => ({
  taskHandlerInitialization: key.optional('task_handler', onlyInitialization, {}),
  steps: key.optional('steps', listOf(stepOverride, 0, MOST_OVERRIDES), []),
}));

/** `environments`, by name. An environment without content (`test:`) is one without overrides. */
export const environmentDrafts = dictionaryOf((cursor: Cursor): EnvironmentDraft => {
  const isNull = cursor.value.kind === 'scalar' && cursor.value.value === null;
  return isNull ? { taskHandlerInitialization: {}, steps: [] } : environment(cursor);
});

/** Checks one environment against the steps: its names exist, and what comes of merging it still keeps the rules. */
export function checkEnvironment(draft: EnvironmentDraft, steps: readonly StepTemplate[]): void {
  const names = new Set(steps.map((step) => step.name));
  const unknown = draft.steps.filter(
    ({ value: { name } }) => name !== '' && name !== ALL_STEPS && !names.has(name),
  );
  for (const { value, nameCursor } of unknown) {
    if (nameCursor.isLogFull) return;
    const nearest = didYouMean(value.name, [...names, ALL_STEPS]);
    nameCursor.report(
      `no step is called ${JSON.stringify(value.name)} (${ALL_STEPS} means every step)${nearest}`,
    );
  }
  checkMergedRetries(draft, steps);
}

/** Told once for each override, however many steps it spoils. */
function checkMergedRetries(draft: EnvironmentDraft, steps: readonly StepTemplate[]): void {
  // Only retries are looked at; merging large initializations into thousands of steps would be for nothing.
  const retries = draft.steps.map(({ value }) => ({ ...value, initialization: {} }));
  const told = new Set<StepOverrideDraft>();
  for (const [index, step] of mergeSteps(steps, retries).entries()) {
    const problem = backoffBoundsProblem(step.retry);
    const unmerged = steps[index];
    // What is wrong without the environment is told at the step.
    if (problem === null || (unmerged !== undefined && backoffBoundsProblem(unmerged.retry) !== null))
      continue;
    const cause = lastBoundOverride(draft.steps, step.name);
    if (cause === undefined || told.has(cause)) continue;
    told.add(cause);
    cause.cursor.report(`merged into step ${JSON.stringify(step.name)}: ${problem}`);
  }
}

function lastBoundOverride(
  drafts: readonly StepOverrideDraft[],
  stepName: string,
): StepOverrideDraft | undefined {
  const bounding = drafts.filter(
    ({ value }) => value.retry.backoffBaseMs !== null || value.retry.maxBackoffMs !== null,
  );
  return (
    bounding.findLast(({ value }) => value.name === stepName) ??
    bounding.findLast(({ value }) => value.name === ALL_STEPS)
  );
}
