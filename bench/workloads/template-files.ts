import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryFolder } from '../support/temporary-folder.js';
import type { WorkloadName, WorkloadStep } from './workload.types.js';
import { WORKLOADS } from './workload.types.js';
import { workload } from './workloads.js';

export const NAMESPACE = 'bench';

/** The first namespace, or one of the others: bench, bench_1, bench_2, ... */
export function namespaceName(number: number): string {
  return number === 0 ? NAMESPACE : `${NAMESPACE}_${number}`;
}

export const VERSION = '1.0.0';

/** A folder with the workloads as task templates, each with schemas, retries and timeouts as the shipped ones have. */
export class TemplateFiles {
  private constructor(readonly folder: string) {}

  /** In the first namespace those that are named; in the others only linear tasks. */
  static async write(names: readonly WorkloadName[] = WORKLOADS, namespaces = 1): Promise<TemplateFiles> {
    const folder = await temporaryFolder('templates');
    for (const name of names) {
      // JSON is YAML.
      await writeFile(join(folder, `${name}.yaml`), JSON.stringify(templateOf(name, NAMESPACE)));
    }
    for (let number = 1; number < namespaces; number += 1) {
      const template = templateOf('linear', namespaceName(number));
      await writeFile(join(folder, `linear-${number}.yaml`), JSON.stringify(template));
    }
    return new TemplateFiles(folder);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function templateOf(name: WorkloadName, namespace: string): object {
  return {
    name,
    namespace_name: namespace,
    version: VERSION,
    identity_strategy: 'always_unique',
    input_schema: {
      type: 'object',
      required: ['number'],
      properties: { number: { type: 'integer', minimum: 2, maximum: 100, multipleOf: 2 } },
    },
    steps: workload(name).steps.map(stepTemplate),
  };
}

function stepTemplate({ name, operation, dependencies }: WorkloadStep): object {
  return {
    name,
    dependencies,
    handler: { callable: operation },
    retry: {
      retryable: true,
      max_attempts: 3,
      backoff: 'exponential',
      backoff_base_ms: 1000,
      max_backoff_ms: 30_000,
    },
    timeout_seconds: 30,
    result_schema: { type: ['number', 'string'] },
  };
}
