import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService, LogLevel, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger as PinoLogger } from 'nestjs-pino';
import { DatabaseError } from 'pg';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Authenticator, configureHttp, serveApiDocument } from '../http/index.js';
import { AppModule } from '../app.module.js';
import { TaskClient } from '../client/index.js';
import { readLogSettings, readSettings } from '../config/index.js';
import type { DeploymentMode, SettingsOverrides } from '../config/index.js';
import { Database, StartAbandonedError } from '../database/index.js';
import { ServiceLogStream, StartLog, StartReasonFilter } from '../logging/index.js';
import { TaskerWorker } from '../worker/index.js';
import { limitHeapGrowth } from './heap.growth.js';
import { assertAddressFree } from './listen-address.check.js';
import { updateSchema } from './schema.update.js';
import type { SchemaUpdateConfig } from './schema.update.js';
import { TerminationSignals } from './termination-signals.js';

/** TAS-41's names for the deployment modes, and ours. */
const DEPLOYMENT_MODES = {
  Hybrid: 'hybrid',
  EventDrivenOnly: 'event_driven_only',
  PollingOnly: 'polling_only',
  hybrid: 'hybrid',
  event_driven_only: 'event_driven_only',
  polling_only: 'polling_only',
} as const satisfies Readonly<Record<string, DeploymentMode>>;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/i;

/** How to start a worker. Everything left out comes from the environment, then from the defaults. */
export interface WorkerBootstrapConfig {
  readonly workerId?: string;
  /** Claim only these; all that `imports` provide where left out. */
  readonly supportedNamespaces?: readonly string[];
  /** False: the process opens no port at all. */
  readonly enableWebApi?: boolean;
  /** False: no LISTEN, only polling. */
  readonly eventDrivenEnabled?: boolean;
  readonly deploymentModeHint?: keyof typeof DEPLOYMENT_MODES;
  /** The modules of the namespaces to run. */
  readonly imports?: ModuleMetadata['imports'];
  /** Any other setting, by its name in the settings classes. */
  readonly settings?: SettingsOverrides;
  /**
   * Where the log goes; false: nowhere; 'settings': to standard output, as TASKER_LOG_LEVEL and TASKER_LOG_FORMAT say. Nest's own
   * console logger where left out.
   */
  readonly logger?: LoggerService | readonly LogLevel[] | 'settings' | false;
  /** Stop in order on SIGTERM and SIGINT, then exit with code 0. Off unless asked for: the process is the caller's. */
  readonly handleSignals?: boolean;
}

/** A running worker. */
export interface WorkerHandle {
  /** For whatever else is to be done with the application: `app.get(...)`. */
  readonly app: NestExpressApplication;
  readonly client: TaskClient;
  /** Where it listens, such as `http://127.0.0.1:8080`; null without a web API. */
  readonly url: string | null;
  /** Ends in order: no new work, running steps end or are handed back, connections close. Safe to call twice. */
  stop(): Promise<void>;
}

/** TAS-41's programmatic start, for `main.ts`, tests, scripts and embedders. */
export class WorkerBootstrap {
  /**
   * A whole `main.ts`: starts a worker that ends in order on SIGTERM and SIGINT. Where it can't start it says why in the
   * log, and the process ends with exit code 1. A signal while it starts ends it too, soon and with exit code 0.
   */
  static async run(config: Omit<WorkerBootstrapConfig, 'handleSignals'> = {}): Promise<void> {
    const signals = TerminationSignals.listen();
    limitHeapGrowth();
    const { logger = 'settings', settings } = config;
    if (logger === 'settings') Logger.overrideLogger(new StartLog(settings));
    try {
      await WorkerBootstrap.start({ ...config, logger }, signals, true);
    } catch (error) {
      // Whoever sent the signal has asked for it; the process ends once everything is closed.
      if (error instanceof StartAbandonedError) return;
      failProcess(error, settings);
    }
  }

  /**
   * A whole `migrate.ts`: runs the migrations that a start of the service with these settings and modules would run, and
   * nothing else. Safe beside running processes, and any number of times at once. Where it fails, or is told to stop before it
   * is done, it says so in the log, and the process ends with exit code 1.
   */
  static async migrate(config: SchemaUpdateConfig = {}): Promise<void> {
    Logger.overrideLogger(new StartLog(config.settings));
    try {
      await updateSchema(config);
    } catch (error) {
      failProcess(error, config.settings);
    }
  }

  /**
   * Starts a worker and resolves when it runs. Rejects, with nothing left running, where a setting, a template or a handler
   * is wrong, the port is taken, or the database can't be reached.
   */
  static async bootstrap(config: WorkerBootstrapConfig = {}): Promise<WorkerHandle> {
    const signals = config.handleSignals === true ? TerminationSignals.listen() : null;
    try {
      return await WorkerBootstrap.start(config, signals);
    } catch (error) {
      signals?.release();
      throw error;
    }
  }

  private static async start(
    config: WorkerBootstrapConfig,
    signals: TerminationSignals | null,
    tellsReason = false,
  ): Promise<WorkerHandle> {
    const settings = await readSettings({ overrides: overridesOf(config) });
    // Before anything is touched: a service that nobody can reach must not begin to work.
    if (settings.http.enableWebApi) await assertAddressFree(settings.http);
    const ownLog = config.logger === 'settings';
    const app = await NestFactory.create<NestExpressApplication>(
      AppModule.forRoot(settings, config.imports ?? [], ownLog),
      {
        bodyParser: false,
        abortOnError: false,
        // Until the service's own logger is there.
        bufferLogs: ownLog,
        ...loggerOption(config, tellsReason),
      },
    );
    try {
      if (ownLog) {
        app.useLogger(app.get(PinoLogger));
        // Nest keeps the lines back until the start has ended; whoever watches it wants to know what it waits for.
        app.flushLogs();
      } else if (tellsReason) {
        app.useLogger(loggerOption(config, false).logger ?? new ConsoleLogger());
      }
      signals?.starts(app);
      const database = app.get(Database);
      // Its server comes up while this process is busy with routes and templates.
      await database.startAhead();
      database.abandoned.throwIfAborted();
      configureHttp(app, settings.security);
      if (settings.service.role !== 'worker') serveApiDocument(app);
      signals?.handOverTo(app);
      if (settings.http.enableWebApi) await app.listen(settings.http.port, settings.http.host);
      else await app.init();
      // Also where it has begun when the server listened: a start that fails is to be told here.
      await app.get(TaskerWorker).start();
      const url = settings.http.enableWebApi ? await app.getUrl() : null;
      if (url !== null) {
        new Logger('Tasker').log(`Listening on ${url}`);
        if (!app.get(Authenticator).enabled) warnIfReachable(settings.http.host);
      }
      signals?.started();
      if (ownLog) app.get(ServiceLogStream).started();
      return handle(app, url, signals);
    } catch (error) {
      await app.close();
      signals?.failed();
      throw error;
    }
  }
}

function failProcess(error: unknown, settings?: SettingsOverrides): void {
  new Logger('Tasker').fatal(explanation(error, readLogSettings(process.env, settings).isForPeople));
  process.exitCode = 1;
  // Nest may still be making other modules: the reason is to be the last line.
  Logger.overrideLogger(false);
}

/**
 * Settings, templates and handlers explain themselves; an error that nobody foresaw, such as one of PostgreSQL's own, needs its
 * stack. Programs go by the code.
 */
function explanation(error: unknown, isForPeople: boolean): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof DatabaseError) return error;
  const { message, code } = error;
  return isForPeople ? message : { message, code };
}

/** Whoever reaches an open service may do everything. */
function warnIfReachable(host: string): void {
  if (LOOPBACK.test(host)) return;
  new Logger('Tasker').warn(
    `Others can reach this service on ${host}, and it asks nobody who they are: set TASKER_API_KEYS or TASKER_JWKS_URL`,
  );
}

function handle(
  app: NestExpressApplication,
  url: string | null,
  signals: TerminationSignals | null,
): WorkerHandle {
  let stopping: Promise<void> | undefined;
  return {
    app,
    client: app.get(TaskClient),
    url,
    stop: () => {
      stopping ??= app.close().finally(() => signals?.release());
      return stopping;
    },
  };
}

function overridesOf(config: WorkerBootstrapConfig): SettingsOverrides {
  const mode = config.eventDrivenEnabled === false ? 'polling_only' : config.deploymentModeHint;
  return {
    workerId: config.workerId,
    namespaces: config.supportedNamespaces,
    enableWebApi: config.enableWebApi,
    deploymentMode: mode === undefined ? undefined : DEPLOYMENT_MODES[mode],
    ...config.settings,
  };
}

/** @param tellsReason whether the reason of a refused start is told by this program, and not by Nest as well */
function loggerOption(
  { logger }: WorkerBootstrapConfig,
  tellsReason: boolean,
): { logger?: LoggerService | LogLevel[] | false } {
  if (logger === undefined || logger === 'settings') return {};
  if (!tellsReason || logger === false) return { logger: isLevels(logger) ? [...logger] : logger };
  const target = isLevels(logger) ? new ConsoleLogger({ logLevels: [...logger] }) : logger;
  return { logger: new StartReasonFilter(target) };
}

function isLevels(logger: NonNullable<WorkerBootstrapConfig['logger']>): logger is readonly LogLevel[] {
  return Array.isArray(logger);
}
