import { type ArgumentsHost, Catch, type HttpServer, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

import { isOwnFailure } from '../database/index.js';
import { TaskerError } from '../engine/index.js';
import { toErrorAnswer } from './error-answer.mapper.js';
import type { ErrorAnswer } from './error-answer.types.js';

/** When a client of a database that is away is to come back. */
const RETRY_AFTER_SECONDS = '1';

/**
 * Answers what `TaskClient` rejects with in an application's own controllers, as the REST API answers it: 400 for a request
 * that is not valid or a state that does not allow it, 404 for an unknown template, task or step, 409 for a duplicate, 408 for
 * a wait that took too long, and 503 with `Retry-After` for backpressure and a database that can't be reached. The body is
 * `{ "error": { "code", "message", … } }`.
 *
 * All other exceptions are left to Nest. It is for controllers that answer HTTP. Use it with `{ provide: APP_FILTER, useClass }`,
 * `@UseFilters(TaskerExceptionFilter)`, or `app.useGlobalFilters(new TaskerExceptionFilter(app.getHttpAdapter()))`. It
 * works with Express and Fastify.
 */
@Catch()
export class TaskerExceptionFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(TaskerExceptionFilter.name);

  /** Nest's own filter calls this for everything but its `HttpException`. */
  override handleUnknownError(error: unknown, host: ArgumentsHost, http: HttpServer): void {
    const answer = answerToOurs(error);
    if (answer === null) {
      super.handleUnknownError(error, host, http);
      return;
    }
    if (answer.status >= 500 && answer.body.error.code !== 'BACKPRESSURE')
      this.logger.error(`${answer.body.error.message}: ${String(error)}`);
    const response = host.switchToHttp().getResponse<unknown>();
    if (http.isHeadersSent(response)) {
      http.end(response);
      return;
    }
    for (const [name, value] of Object.entries(answer.headers)) http.setHeader(response, name, value);
    http.reply(response, answer.body, answer.status);
  }
}

/** Null if the error is none of ours, or one that no client can do anything about. */
function answerToOurs(error: unknown): ErrorAnswer | null {
  if (!(error instanceof TaskerError) && !isOwnFailure(error)) return null;
  const answer = toErrorAnswer(error);
  if (answer.status === 503)
    return { ...answer, headers: { 'Retry-After': RETRY_AFTER_SECONDS, ...answer.headers } };
  return answer.status === 500 ? null : answer;
}
