import { Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** A host that has not begun to run steps by then has most likely forgotten to. */
const PATIENCE_MS = 10_000;

/** Warns once if an application is ready and nothing makes it run steps. */
@Injectable()
export class StartReminder {
  private readonly logger = new Logger('Tasker');
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly http: HttpAdapterHost) {}

  /** From now on the application has ten seconds. */
  begin(): void {
    this.end();
    this.timer = setTimeout(() => this.warn(), PATIENCE_MS);
    this.timer.unref();
  }

  /** No warning any more. Safe to call twice, or without `begin`. */
  end(): void {
    clearTimeout(this.timer);
  }

  private warn(): void {
    const start = 'await app.get(TaskerWorker).start()';
    // Undefined without an HTTP server, although its type does not say so.
    const adapter: unknown = this.http.httpAdapter;
    const advice =
      adapter === undefined
        ? `add "${start}" behind the start of the application`
        : `add "await app.listen(port)", or "${start}" if the application is to open no port`;
    this.logger.warn(`No step runs yet, ${PATIENCE_MS / 1000} s after the application was ready: ${advice}`);
  }
}
