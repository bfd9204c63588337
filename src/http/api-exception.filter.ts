import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';

import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  type HttpServer,
  Logger,
} from '@nestjs/common';

import { ClientGoneError } from './api.errors.js';
import { answerHttpFailure, toErrorAnswer } from './error-answer.mapper.js';
import type { ErrorAnswer } from './error-answer.types.js';
import type { RouteCatalog } from './route.catalog.js';

/** Answers every error in the API's own shape, and logs the ones that are the service's fault. */
@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Api');

  constructor(
    private readonly http: Pick<HttpServer, 'reply' | 'end' | 'setHeader' | 'isHeadersSent'>,
    private readonly routes: RouteCatalog,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (error instanceof ClientGoneError) return;
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<unknown>();
    const answer = this.answerWrongMethod(error, request) ?? toErrorAnswer(error);
    if (isFault(answer)) this.log(error, request, answer);
    if (this.http.isHeadersSent(response)) {
      this.http.end(response);
      return;
    }
    for (const [name, value] of Object.entries(answer.headers)) this.http.setHeader(response, name, value);
    this.http.reply(response, answer.body, answer.status);
  }

  /** A router knows no difference between a path that is not there and one that is, with another method. */
  private answerWrongMethod(error: unknown, { method = '', url = '' }: IncomingMessage): ErrorAnswer | null {
    if (!(error instanceof HttpException) || error.getStatus() !== 404) return null;
    const [path = ''] = url.split('?');
    const allowed = this.routes.methodsOf(path);
    if (allowed.length === 0 || allowed.includes(method)) return null;
    const list = allowed.join(', ');
    return {
      ...answerHttpFailure(405, `${path} can be asked with ${list}, not with ${method}`),
      headers: { Allow: list },
    };
  }

  private log(error: unknown, { method, url }: IncomingMessage, { status, body }: ErrorAnswer): void {
    this.logger.error(
      { message: 'Request failed', method, url, status, code: body.error.code },
      inspect(error),
    );
  }
}

/** BACKPRESSURE is the service doing as it should, and comes by the thousand. */
function isFault({ status, body }: ErrorAnswer): boolean {
  return status >= 500 && body.error.code !== 'BACKPRESSURE';
}
