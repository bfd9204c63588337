import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { ApiExceptionFilter } from './api-exception.filter.js';
import { answerClientErrors } from './client-error.responder.js';
import { MAX_BODY_BYTES, parseJsonBody, requireJsonBody } from './json-body.middleware.js';
import { RequestValidationPipe } from './request-validation.pipe.js';
import { RouteCatalog } from './route.catalog.js';

/**
 * Makes an application speak the API's HTTP: strict JSON in, validated DTOs, and one shape for every error. It must have
 * been created with `bodyParser: false`, and is called before `init()` or `listen()`.
 */
export function configureHttp(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  // Answers tell the state of this moment; hashing each of them for a cache would be work for nothing.
  app.disable('etag');
  app.use(requireJsonBody);
  app.useBodyParser('raw', { type: () => true, limit: MAX_BODY_BYTES });
  app.use(parseJsonBody);
  app.useGlobalPipes(new RequestValidationPipe());
  const routes = new RouteCatalog(app.get(ModulesContainer));
  app.useGlobalFilters(new ApiExceptionFilter(app.get(HttpAdapterHost).httpAdapter, routes));
  answerClientErrors(app.getHttpServer());
}
