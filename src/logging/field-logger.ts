import { ConsoleLogger, Logger, type LoggerService } from '@nestjs/common';

/** What a line of the log is about, by field. */
export type LogFields = Readonly<Record<string, string | number | null>>;

/**
 * A logger whose every line carries the same fields beside its message.
 *
 * A structured logger, such as pino, is given an object with `message` and the fields. Nest's console logger would print that
 * over many lines: it is given one line of text that ends with the fields, and a stack as its own argument.
 */
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
    const stack = rest.length === 0 && this.isForText() ? stackOf(message) : undefined;
    this.logger.error(this.line(message), ...(stack === undefined ? rest : [stack]));
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

  /** An object's own fields stand beside these; anything else is the message. */
  private line(message: unknown): object | string {
    const line = {
      ...(isFields(message)
        ? message
        : { message: message instanceof Error ? (message.stack ?? message.message) : String(message) }),
      ...this.fields,
    };
    return this.isForText() ? asText(line) : line;
  }

  /** Whether lines go to Nest's console logger, and not as JSON. Asked at each line: an application may change its logger. */
  private isForText(): boolean {
    const { localInstance } = this.logger;
    return localInstance instanceof ConsoleLogger && !writesJson(localInstance);
  }
}

function isFields(message: unknown): message is object {
  return typeof message === 'object' && message !== null && !(message instanceof Error);
}

function writesJson(logger: ConsoleLogger): boolean {
  const options: unknown = Reflect.get(logger, 'options');
  return typeof options === 'object' && options !== null && Reflect.get(options, 'json') === true;
}

/** The stack has its own place. */
function stackOf(message: unknown): string | undefined {
  const stack: unknown = isFields(message) ? Reflect.get(message, 'stack') : undefined;
  return typeof stack === 'string' ? stack : undefined;
}

function asText(line: object): string {
  const { message, stack: _, ...fields } = { message: '', stack: '', ...line };
  const named = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [message, ...(named.length === 0 ? [] : [`[${named.join(' ')}]`])].join(' ').trim();
}
