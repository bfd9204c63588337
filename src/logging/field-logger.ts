import { Logger, type LoggerService } from '@nestjs/common';

/** What a line of the log is about, by field. */
export type LogFields = Readonly<Record<string, string | number | null>>;

/** A logger whose every line carries the same fields beside its message. */
export class FieldLogger implements LoggerService {
  private readonly logger: Logger;

  constructor(
    context: string,
    private readonly fields: LogFields,
  ) {
    this.logger = new Logger(context);
  }

  log(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.log(this.line(message), ...rest);
  }

  error(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.error(this.line(message), ...rest);
  }

  warn(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.warn(this.line(message), ...rest);
  }

  debug(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.debug(this.line(message), ...rest);
  }

  verbose(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.verbose(this.line(message), ...rest);
  }

  fatal(message: unknown, ...rest: readonly unknown[]): void {
    this.logger.fatal(this.line(message), ...rest);
  }

  /** An object's own fields stand beside these; whatever else there is to say is the message. */
  private line(message: unknown): object {
    return typeof message === 'object' && message !== null && !(message instanceof Error)
      ? { ...message, ...this.fields }
      : {
          message: message instanceof Error ? (message.stack ?? message.message) : String(message),
          ...this.fields,
        };
  }
}
