import type { LoggerService } from '@nestjs/common';

/** Under this context Nest tells why it could not make an application, and then rejects with the same error. */
const NEST_REASON = 'ExceptionHandler';

/** Whether this is Nest's own account of an error that the caller is about to tell. `rest`: what follows the message. */
export function isNestReason(rest: readonly unknown[]): boolean {
  return rest.at(-1) === NEST_REASON;
}

/** An application's logger while the application is made: the reason of a refused start is left to the program, which tells it last. */
export class StartReasonFilter implements LoggerService {
  constructor(private readonly target: LoggerService) {}

  log(message: unknown, ...rest: readonly unknown[]): void {
    this.target.log(message, ...rest);
  }

  error(message: unknown, ...rest: readonly unknown[]): void {
    if (!isNestReason(rest)) this.target.error(message, ...rest);
  }

  warn(message: unknown, ...rest: readonly unknown[]): void {
    this.target.warn(message, ...rest);
  }

  debug(message: unknown, ...rest: readonly unknown[]): void {
    this.target.debug?.(message, ...rest);
  }

  verbose(message: unknown, ...rest: readonly unknown[]): void {
    this.target.verbose?.(message, ...rest);
  }

  fatal(message: unknown, ...rest: readonly unknown[]): void {
    this.target.fatal?.(message, ...rest);
  }
}
