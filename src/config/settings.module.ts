import { readFileSync } from 'node:fs';
import process from 'node:process';

import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { parse } from 'dotenv';

import { loadSettings, type SettingsReader } from './settings.loader.js';
import type { Settings, SettingsOverrides } from './settings.types.js';

export interface SettingsModuleOptions extends SettingsReader {
  /** Settings given in code; they win over the environment. */
  readonly overrides?: SettingsOverrides;
  /**
   * The file that adds to the environment, `.env` in the working directory by default; false reads none. What it says becomes part
   * of `process.env`, unless a host's process reads it: that environment is the host's.
   */
  readonly envFile?: string | false;
}

/** Overrides that depend on other providers, as a Nest factory gives them. */
export interface SettingsAsyncOptions
  extends
    Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<SettingsOverrides | Promise<SettingsOverrides>>, 'inject' | 'useFactory'> {}

const SETTINGS = Symbol('tasker:settings');

/** Makes every settings class injectable, everywhere. */
@Module({})
export class SettingsModule {
  /** Reads `.env` and the environment; rejects with `InvalidSettingsError`. */
  static async forRoot(options: SettingsModuleOptions = {}): Promise<DynamicModule> {
    return SettingsModule.forSettings(await readSettings(options));
  }

  /** As `forRoot` in a host's process, with overrides that other providers give. */
  static forRootAsync({ imports = [], inject = [], useFactory }: SettingsAsyncOptions): DynamicModule {
    const loaded: Provider = {
      provide: SETTINGS,
      inject,
      useFactory: async (...dependencies: Parameters<typeof useFactory>) =>
        readSettings({ overrides: await useFactory(...dependencies), inHost: true }),
    };
    const concerns = Object.entries(loadSettings({})).map(
      ([concern, defaults]: [string, object]): Provider => ({
        provide: defaults.constructor,
        inject: [SETTINGS],
        useFactory: (settings: Readonly<Record<string, unknown>>) => settings[concern],
      }),
    );
    return {
      module: SettingsModule,
      global: true,
      imports,
      providers: [loaded, ...concerns],
      exports: concerns,
    };
  }

  /** For a caller that has loaded the settings already, because it needed them to choose its modules. */
  static forSettings(settings: Settings): DynamicModule {
    const providers = Object.values(settings).map((concern: object) => ({
      provide: concern.constructor,
      useValue: concern,
    }));
    return { module: SettingsModule, global: true, providers, exports: providers };
  }
}

/** The settings of this process, from `.env` and the environment, which wins; rejects with `InvalidSettingsError`. */
export async function readSettings({
  overrides,
  envFile = '.env',
  inHost = false,
}: SettingsModuleOptions = {}): Promise<Settings> {
  const environment = inHost ? readBeside(envFile) : await readThroughConfigModule(envFile);
  return loadSettings(environment, overrides, { inHost });
}

/** The service's process is ours: `ConfigModule` puts the file's variables into `process.env`. */
async function readThroughConfigModule(envFile: string | false): Promise<NodeJS.ProcessEnv> {
  let environment: NodeJS.ProcessEnv = {};
  await ConfigModule.forRoot({
    cache: true,
    ...(envFile === false ? { ignoreEnvFile: true } : { envFilePath: envFile }),
    // Called with the file and the environment merged, before any provider exists.
    validate: (merged) => (environment = merged),
  });
  return environment;
}

/** `ConfigModule` would change `process.env`, which belongs to the host. A file that is not there says nothing. */
function readBeside(envFile: string | false): NodeJS.ProcessEnv {
  if (envFile === false) return process.env;
  try {
    return { ...parse(readFileSync(envFile)), ...process.env };
  } catch (error) {
    if (isMissingFile(error)) return process.env;
    throw error;
  }
}

/** Not by `instanceof`: under jest such an error is of another realm. */
function isMissingFile(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
