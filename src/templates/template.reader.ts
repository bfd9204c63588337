import { checkEnvironment, environmentDrafts, type EnvironmentDraft } from './environment.reader.js';
import { checkEvents, domainEvent } from './event.reader.js';
import { lifecycle } from './lifecycle.reader.js';
import { mapOf } from './map.reader.js';
import { schema } from './schema.reader.js';
import { checkGraph } from './step-graph.check.js';
import { callable, stepDraft, type StepDraft } from './step.reader.js';
import {
  IDENTITY_STRATEGIES,
  type EnvironmentOverrides,
  type SystemDependencies,
  type TaskHandlerSettings,
  type TaskTemplate,
  type TemplateMetadata,
} from './template.types.js';
import type { JsonObject } from './json.types.js';
import type { Reader } from './value.cursor.js';
import { choice, jsonObject, listOf, text } from './value.readers.js';
import { isVersion } from './version.order.js';

const LONGEST_NAME = 64;
const LONGEST_NAMESPACE = 29;
const MOST_STEPS = 2000;
const MOST_EVENTS = 1000;

/** What a file says; its hash and its name are not in it. */
export type TemplateContent = Omit<TaskTemplate, 'contentHash' | 'file'>;

const version = text({
  expected: 'a version x.y.z of numbers without leading zeros, such as 1.0.0',
  allows: isVersion,
});

const metadata = mapOf((key): TemplateMetadata => ({
  author: key.optional('author', text(), null),
  tags: key.optional('tags', listOf(text()), []),
  documentationUrl: key.optional('documentation_url', text(), null),
  createdAt: key.optional('created_at', text(), null),
  updatedAt: key.optional('updated_at', text(), null),
  notes: key.optional('notes', text(), null),
  ...otherKeys(key.others()),
}));

const NO_METADATA: TemplateMetadata = {
  author: null,
  tags: [],
  documentationUrl: null,
  createdAt: null,
  updatedAt: null,
  notes: null,
};

function otherKeys(others: JsonObject): Pick<TemplateMetadata, 'others'> {
  return Object.keys(others).length === 0 ? {} : { others };
}

const systemDependencies = mapOf((key): SystemDependencies => ({
  primary: key.optional('primary', text(), null),
  secondary: key.optional('secondary', listOf(text()), []),
}));

const taskHandler = mapOf((key): TaskHandlerSettings => ({
  callable: key.optional('callable', callable, null),
  initialization: key.optional('initialization', jsonObject, {}),
}));

/** The whole file: its keys, then what only holds between them. */
export const templateContent: Reader<TemplateContent> = mapOf((key) => {
  key.refused('default_context', 'default_options');
  const steps = key.required('steps', listOf(stepDraft, 1, MOST_STEPS));
  const environments = key.optional('environments', environmentDrafts, []);
  const domainEvents = key.optional('domain_events', listOf(domainEvent, 0, MOST_EVENTS), []);
  reportGraphProblems(steps);
  checkEvents(domainEvents, key.cursor('domain_events'), steps);
  for (const { value } of environments)
    checkEnvironment(
      value,
      steps.map(({ step }) => step),
    );
  return {
    namespace: key.required('namespace_name', identifier(LONGEST_NAMESPACE)),
    name: key.required('name', identifier(LONGEST_NAME)),
    version: key.required('version', version),
    description: key.optional('description', text(), null),
    metadata: key.optional('metadata', metadata, NO_METADATA),
    systemDependencies: key.optional('system_dependencies', systemDependencies, {
      primary: null,
      secondary: [],
    }),
    loadedFrom: key.optional('loaded_from', text(), null),
    taskHandler: key.optional('task_handler', taskHandler, null),
    domainEvents,
    inputSchema: key.optional('input_schema', schema, null),
    identityStrategy: key.optional('identity_strategy', choice(...IDENTITY_STRATEGIES), 'strict'),
    steps: steps.map(({ step }) => step),
    lifecycle: key.optional('lifecycle', lifecycle, null),
    environments: Object.fromEntries(environments.map(({ name, value }) => [name, withoutCursors(value)])),
  };
});

function withoutCursors({ taskHandlerInitialization, steps }: EnvironmentDraft): EnvironmentOverrides {
  return { taskHandlerInitialization, steps: steps.map((draft) => draft.value) };
}

function identifier(longest: number): Reader<string> {
  return text({
    expected: `a name of a-z, 0-9 and _, beginning with a letter, at most ${longest} characters`,
    allows: (name) => name.length <= longest && /^[a-z][a-z0-9_]*$/.test(name),
  });
}

function reportGraphProblems(drafts: readonly StepDraft[]): void {
  for (const { stepIndex, dependencyIndex, message } of checkGraph(drafts.map(({ step }) => step))) {
    const draft = drafts[stepIndex];
    if (draft === undefined || draft.nameCursor.isLogFull) return;
    if (dependencyIndex === null) draft.nameCursor.report(message);
    else draft.dependenciesCursor.descend([dependencyIndex]).report(message);
  }
}
