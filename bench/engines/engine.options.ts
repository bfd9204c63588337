import process from 'node:process';

import type { SettingsOverrides } from '../../src/index.js';

/** What every engine is started with. */
export interface EngineOptions {
  readonly databaseUrl: string;
  readonly templateFolder: string;
  /** Steps under way; the engine's own default where left out. */
  readonly concurrency?: number;
  /** Over how many namespaces tasks are spread; one where left out. */
  readonly namespaces?: number;
  /** Settings of the service, by their names in its settings classes. */
  readonly settings?: SettingsOverrides;
  /** Where CPU profiles of throughput runs go. */
  readonly profileFolder?: string;
}

/** The options of this process, from its parent. */
export function engineOptions(): EngineOptions {
  const options: unknown = JSON.parse(process.env['BENCH_ENGINE'] ?? 'null');
  if (!isEngineOptions(options))
    throw new Error('BENCH_ENGINE must hold databaseUrl and templateFolder as JSON');
  return options;
}

function isEngineOptions(options: unknown): options is EngineOptions {
  return (
    typeof options === 'object' && options !== null && 'databaseUrl' in options && 'templateFolder' in options
  );
}
