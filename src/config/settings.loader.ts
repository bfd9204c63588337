import { inspect } from 'node:util';

import { validateSync } from 'class-validator';

import { BacklogSettings } from './backlog.settings.js';
import { DatabaseSettings } from './database.settings.js';
import { HttpSettings } from './http.settings.js';
import { LogSettings } from './log.settings.js';
import { RetentionSettings } from './retention.settings.js';
import { RetrySettings } from './retry.settings.js';
import { SecuritySettings } from './security.settings.js';
import { ServiceSettings } from './service.settings.js';
import { type SettingDefinition, settingsOf } from './setting.decorator.js';
import { InvalidSettingsError, type SettingProblem } from './settings.errors.js';
import type { Settings, SettingsOverrides } from './settings.types.js';
import { TemplateSettings } from './template.settings.js';
import { findUnknownVariables, unknownSetting } from './unknown-variable.finder.js';
import { WorkerSettings } from './worker.settings.js';

const SETTINGS_CLASSES = [
  ServiceSettings,
  HttpSettings,
  DatabaseSettings,
  TemplateSettings,
  WorkerSettings,
  RetrySettings,
  BacklogSettings,
  RetentionSettings,
  SecuritySettings,
  LogSettings,
];

/** Who reads the settings. */
export interface SettingsReader {
  /**
   * The process belongs to an application that imports the module. It opens the ports: what the environment says of HTTP (`PORT`,
   * `HOST`, keys of the API) is meant for that application, and is neither read nor checked.
   */
  readonly inHost?: boolean;
}

/** Every setting that there is. */
export const SETTINGS: readonly SettingDefinition[] = SETTINGS_CLASSES.flatMap(settingsOf);

/**
 * The settings of a process: `overrides` first, then `env`, then the defaults. An empty text counts as not given.
 *
 * @throws InvalidSettingsError naming every bad setting, and every `TASKER_…` variable that there is no setting for.
 */
export function loadSettings(
  env: NodeJS.ProcessEnv,
  overrides: SettingsOverrides = {},
  { inHost = false }: SettingsReader = {},
): Settings {
  const source = new SettingsSource(env, overrides);
  const httpSource = inHost ? new SettingsSource({}, overrides) : source;
  const settings: Settings = {
    service: source.complete(new ServiceSettings()),
    http: httpSource.complete(new HttpSettings()),
    database: source.complete(new DatabaseSettings()),
    templates: source.complete(new TemplateSettings()),
    worker: source.complete(new WorkerSettings()),
    retries: source.complete(new RetrySettings()),
    backlog: source.complete(new BacklogSettings()),
    retention: source.complete(new RetentionSettings()),
    security: httpSource.complete(new SecuritySettings()),
    log: source.complete(new LogSettings()),
  };
  const problems = [
    ...source.problems,
    ...(inHost ? httpSource.problems : []),
    ...contradictions(settings),
    ...unsafeInProduction(settings, env),
    ...findUnknownVariables(
      env,
      SETTINGS.map(({ variable }) => variable),
    ),
    ...findUnknownOverrides(overrides),
  ];
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  return settings;
}

/** How to log, whatever else is wrong with the settings; what is wrong with these themselves is left out. */
export function readLogSettings(env: NodeJS.ProcessEnv, overrides: SettingsOverrides = {}): LogSettings {
  const source = new SettingsSource(env, overrides);
  const settings = source.complete(new LogSettings());
  return source.problems.length === 0 ? settings : Object.freeze(new LogSettings());
}

/** Fills settings objects from what was given, and collects what is wrong with it. */
class SettingsSource {
  readonly problems: SettingProblem[] = [];
  private readonly overrides: ReadonlyMap<string, unknown>;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    overrides: SettingsOverrides,
  ) {
    this.overrides = new Map(Object.entries(overrides).filter(([, value]) => isGiven(value)));
  }

  complete<T extends object>(settings: T): T {
    const definitions = settingsOf(settings.constructor);
    Object.assign(settings, Object.fromEntries(definitions.flatMap((definition) => this.given(definition))));
    for (const { property } of validateSync(settings)) {
      const definition = definitions.find(({ field }) => field === property);
      if (definition !== undefined) this.problems.push(this.problem(definition));
    }
    return Object.freeze(settings);
  }

  /** The field and its value, or nothing where the default stands. */
  private given({ field, variable, read }: SettingDefinition): (readonly [field: string, value: unknown])[] {
    if (this.overrides.has(field)) return [[field, this.overrides.get(field)]];
    const text = this.textOf(variable);
    return text === '' ? [] : [[field, read(text)]];
  }

  private problem({ field, variable, expected, show }: SettingDefinition): SettingProblem {
    const message = `expected ${expected}`;
    if (!this.overrides.has(field))
      return { name: variable, value: quote(show(this.textOf(variable))), message };
    const value = this.overrides.get(field);
    return { name: field, value: typeof value === 'string' ? quote(show(value)) : describe(value), message };
  }

  private textOf(variable: string): string {
    return this.env[variable]?.trim() ?? '';
  }
}

/** What is wrong with settings together although each is right alone. */
function contradictions({ database, security }: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const refuse = (name: string, message: string) => problems.push({ name, value: null, message });
  if (database.databaseDirectUrl !== undefined && database.databaseUrl === undefined)
    refuse('DATABASE_DIRECT_URL', 'expected only together with DATABASE_URL, which is not given');
  if (security.apiKeys !== undefined && security.apiKeysFile !== undefined)
    refuse('TASKER_API_KEYS_FILE', 'expected only without TASKER_API_KEYS');
  if (security.jwksUrl !== undefined && security.jwksFile !== undefined)
    refuse('TASKER_JWKS_FILE', 'expected only without TASKER_JWKS_URL');
  const checksTokens = security.jwksUrl !== undefined || security.jwksFile !== undefined;
  for (const [name, value] of [
    ['TASKER_JWT_ISSUER', security.jwtIssuer],
    ['TASKER_JWT_AUDIENCE', security.jwtAudience],
  ] as const) {
    if (checksTokens && value === undefined)
      refuse(
        name,
        'expected together with TASKER_JWKS_URL or TASKER_JWKS_FILE: anybody’s token would do otherwise',
      );
    if (!checksTokens && value !== undefined)
      refuse(name, 'expected only together with TASKER_JWKS_URL or TASKER_JWKS_FILE');
  }
  return problems;
}

/** The embedded server keeps its data on this machine's disk, which a new container or pod does not have. */
function unsafeInProduction({ database }: Settings, env: NodeJS.ProcessEnv): SettingProblem[] {
  const { databaseUrl, embeddedInProduction } = database;
  if (databaseUrl !== undefined || embeddedInProduction || env['NODE_ENV']?.trim() !== 'production')
    return [];
  const message =
    'expected when NODE_ENV is production, and it is not given. Without it the data would be on the disk of this machine: ' +
    'if that is what you want, set TASKER_EMBEDDED_IN_PRODUCTION=true';
  return [{ name: 'DATABASE_URL', value: null, message }];
}

function findUnknownOverrides(overrides: SettingsOverrides): SettingProblem[] {
  const fields = SETTINGS.map(({ field }) => field);
  return Object.entries(overrides)
    .filter(([field, value]) => isGiven(value) && !fields.includes(field))
    .map(([field]) => unknownSetting(field, fields));
}

/** As in the environment, an empty text is as good as none. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** Objects may hold anything, so of those only the kind is told. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' || typeof value === 'function' ? `(${typeof value})` : inspect(value);
}
