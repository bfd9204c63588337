import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DynamicModule, Provider } from '@nestjs/common';

import { StepHandler, TaskerModule } from '../../src/index.js';
import type { TaskRequest, TaskSequenceStep } from '../../src/index.js';

type Keys = Readonly<Record<string, unknown>>;

/** A template as a file says it. */
export interface Workflow {
  readonly name: string;
  readonly namespace_name: string;
  readonly version: string;
  readonly identity_strategy: unknown;
  readonly steps: readonly Keys[];
}

/** One attempt unless a test says otherwise, so that a failure shows at once. */
const ONE_ATTEMPT = { max_attempts: 1, backoff: 'none' };

/** A template of namespace "lab": its steps by name, with what is special about each. */
export function workflow(
  name: string,
  steps: Readonly<Record<string, Keys>>,
  { version = '1.0.0', namespace = 'lab', ...keys }: Keys & { version?: string; namespace?: string } = {},
): Workflow {
  return {
    ...keys,
    identity_strategy: keys['identity_strategy'] ?? 'always_unique',
    name,
    namespace_name: namespace,
    version,
    steps: Object.entries(steps).map(([step, more]) =>
      Object.assign({ name: step, handler: { callable: step }, retry: ONE_ATTEMPT }, more),
    ),
  };
}

export function requestFor(of: Workflow, context: TaskRequest['context'] = {}): TaskRequest {
  return { namespace: of.namespace_name, name: of.name, version: of.version, context };
}

/** A folder with the templates as files; JSON is YAML. */
export class TemplateFolder {
  private constructor(readonly path: string) {}

  static async make(workflows: readonly Workflow[]): Promise<TemplateFolder> {
    const folder = new TemplateFolder(await mkdtemp(join(tmpdir(), 'tasker-templates-')));
    for (const one of workflows) await folder.write(one);
    return folder;
  }

  async write(one: Workflow): Promise<void> {
    await writeFile(this.file(one), JSON.stringify(one));
  }

  async remove(one: Workflow): Promise<void> {
    await rm(this.file(one));
  }

  async removeAll(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  private file(one: Workflow): string {
    return join(this.path, `${one.name}-${one.version}.yaml`);
  }
}

export type HandlerFunction = (step: TaskSequenceStep) => unknown;

/** A provider with `@StepHandler(key)` that does what the function does. */
export function handlerProvider(key: string, call: HandlerFunction): Provider {
  class FunctionHandler {
    call(step: TaskSequenceStep): unknown {
      return call(step);
    }
  }
  StepHandler(key)(FunctionHandler);
  return FunctionHandler;
}

/** A module that provides a namespace with a handler a key. */
export function namespaceModule(
  namespace: string,
  handlers: Readonly<Record<string, HandlerFunction>>,
): DynamicModule {
  return {
    module: class NamespaceModule {},
    imports: [TaskerModule.forFeature({ namespace })],
    providers: Object.entries(handlers).map(([key, call]) => handlerProvider(key, call)),
  };
}
