import type { LoggerService } from '@nestjs/common';
import type { pino } from 'pino';
import { readLogSettings } from '../config/index.js';
import type { SettingsOverrides } from '../config/index.js';
import { createPinoLog } from './pino-log.factory.js';
import { isNestReason } from './start-reason.filter.js';
import { ServiceLogStream } from './service-log.stream.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/**
 * The log of a service that starts, until the application has one: the same lines, for what goes wrong before. It is made at
 * its first line, when `.env` has been read, and writes each line at once, for the process may be about to end. The reason of a
 * refused start is told once, by the program: Nest's own account of it is left out.
 */
export class StartLog implements LoggerService {
  private pinoLog: pino.Logger | undefined;

  constructor(private readonly overrides: SettingsOverrides = {}) {}

  log(message: unknown, ...rest: readonly unknown[]): void {
    this.write('info', message, rest);
  }

  error(message: unknown, ...rest: readonly unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: readonly unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: readonly unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: readonly unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: readonly unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (isNestReason(rest)) return;
    this.pinoLog ??= createPinoLog(readLogSettings(process.env, this.overrides), new ServiceLogStream());
    // Nest gives the context last.
    const fields = { context: rest.at(-1) };
    if (message instanceof Error) this.pinoLog[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.pinoLog[level](fields, message);
    else this.pinoLog[level]({ ...fields, ...asFields(message) });
  }
}

function asFields(message: unknown): object {
  return typeof message === 'object' && message !== null ? message : { message };
}
