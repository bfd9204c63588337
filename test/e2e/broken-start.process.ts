/**
 * A service with a module that can't start, as `BROKEN` says: `dependency`, `factory`, `hook`, or `statement` (an error of
 * PostgreSQL's own); started by the program that `PROGRAM` names, with a logger of its own if `OWN_LOGGER` is set.
 */
import process from 'node:process';

import { Module } from '@nestjs/common';
import type { LoggerService, OnModuleInit, Provider } from '@nestjs/common';
import { Client } from 'pg';

import { WorkerBootstrap } from '../../src/index.js';

class Missing {}

class Hook implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    if (process.env['BROKEN'] === 'hook') throw new Error('The hook is broken');
    const client = new Client({ connectionString: process.env['DATABASE_URL'] });
    await client.connect();
    try {
      await client.query('SELECT 1 / 0');
    } finally {
      await client.end();
    }
  }
}

const PROVIDERS: Readonly<Record<string, Provider>> = {
  dependency: { provide: 'one', useFactory: (missing: Missing) => missing, inject: [Missing] },
  factory: { provide: 'one', useFactory: () => Promise.reject(new Error('The factory is broken')) },
  hook: Hook,
  statement: Hook,
};

@Module({ providers: [PROVIDERS[process.env['BROKEN'] ?? ''] ?? Hook] })
class BrokenModule {}

function tell(level: string, message: unknown): void {
  const { message: text, stack } =
    message instanceof Error ? message : { message: String(message), stack: null };
  process.stdout.write(`${JSON.stringify({ level, message: text, stack })}\n`);
}

const logger: LoggerService = {
  log: (message: unknown) => tell('info', message),
  warn: (message: unknown) => tell('warn', message),
  error: (message: unknown) => tell('error', message),
  fatal: (message: unknown) => tell('fatal', message),
};

if (process.env['PROGRAM'] === 'migrate') await WorkerBootstrap.migrate({ imports: [BrokenModule] });
else
  await WorkerBootstrap.run({
    imports: [BrokenModule],
    ...(process.env['OWN_LOGGER'] === undefined ? {} : { logger }),
  });
