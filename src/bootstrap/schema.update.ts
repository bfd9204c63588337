import process from 'node:process';
import { Logger } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger as PinoLogger } from 'nestjs-pino';
import { AppModule } from '../app.module.js';
import { readSettings } from '../config/index.js';
import type { SettingsOverrides } from '../config/index.js';
import { Database } from '../database/index.js';
import { NamespaceMigrator } from '../worker/index.js';

/** Whose schema to bring up to date. Everything left out comes from the environment, then from the defaults. */
export interface SchemaUpdateConfig {
  /** The modules of the namespaces, whose own tables are brought up to date too. */
  readonly imports?: ModuleMetadata['imports'];
  /** Any setting, by its name in the settings classes. */
  readonly settings?: SettingsOverrides;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs the migrations that a start of the service would run, and nothing else: no port, no template, no step. The modules'
 * providers are made, for it is they who name the migrations; none of Nest's lifecycle hooks is called. For a process of its
 * own, whose signals it takes for good.
 *
 * Rejects where a setting is wrong, the database can't be reached or a migration fails, which then leaves the schema as it was;
 * on SIGTERM and SIGINT with `StartAbandonedError`, or it ends the process with exit code 1 where nothing has begun yet.
 */
export async function updateSchema({ imports = [], settings = {} }: SchemaUpdateConfig): Promise<void> {
  let opening: Database | undefined;
  // As the first process of a container this one would not get a signal that it does not listen for.
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (opening === undefined) process.exit(1);
      opening.abandonOpening();
    });
  }
  const app = await NestFactory.create(
    AppModule.forRoot(await readSettings({ overrides: settings }), imports, true),
    { abortOnError: false, bufferLogs: true },
  );
  app.useLogger(app.get(PinoLogger));
  app.flushLogs();
  const database = app.get(Database);
  opening = database;
  try {
    await database.open();
    await app.get(NamespaceMigrator).migrate();
    new Logger('Tasker').log('Every migration of this release has run');
  } finally {
    await database.close();
  }
}
