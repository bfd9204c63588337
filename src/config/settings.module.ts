import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';

import { loadSettings } from './settings.loader.js';
import type { Settings, SettingsOverrides } from './settings.types.js';

export interface SettingsModuleOptions {
  /** Settings given in code; they win over the environment. */
  readonly overrides?: SettingsOverrides;
  /** The file that adds to the environment, `.env` in the working directory by default; false reads none. */
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
    const { settings, configModule } = await readThroughConfigModule(options);
    return { ...SettingsModule.forSettings(settings), imports: [configModule] };
  }

  /** As `forRoot`, with overrides that other providers give. */
  static forRootAsync({ imports = [], inject = [], useFactory }: SettingsAsyncOptions): DynamicModule {
    const loaded: Provider = {
      provide: SETTINGS,
      inject,
      useFactory: async (...dependencies: Parameters<typeof useFactory>) =>
        readSettings({ overrides: await useFactory(...dependencies) }),
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

/** The settings of this process, from `.env` and the environment; rejects with `InvalidSettingsError`. */
export async function readSettings(options: SettingsModuleOptions = {}): Promise<Settings> {
  return (await readThroughConfigModule(options)).settings;
}

async function readThroughConfigModule({ overrides, envFile = '.env' }: SettingsModuleOptions) {
  let environment: NodeJS.ProcessEnv = {};
  const configModule = await ConfigModule.forRoot({
    cache: true,
    ...(envFile === false ? { ignoreEnvFile: true } : { envFilePath: envFile }),
    // The hook is called with the file and the environment merged, before any provider exists.
    validate: (merged) => (environment = merged),
  });
  return { settings: loadSettings(environment, overrides), configModule };
}
