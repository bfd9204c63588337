import { Server } from 'node:http';

import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';

import { SecuritySettings } from '../config/index.js';
import { ApiExceptionFilter } from './api-exception.filter.js';
import { answerClientErrors } from './client-error.responder.js';
import { MAX_BODY_BYTES, parseJsonBody, requireJsonBody } from './json-body.middleware.js';
import { identifyRequest, REQUEST_ID_HEADER } from './request-context.js';
import { RequestValidationPipe } from './request-validation.pipe.js';
import { RouteCatalog } from './route.catalog.js';
import { limitUnreadAnswers } from './unread-answer.limit.js';

/** Longer than the idle time of common load balancers, so that it is they who close a connection. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 15_000;

/** For the page at /docs. Nothing is upgraded to https: the service itself speaks http, and its page has to load where it does. */
const CONTENT_SECURITY = { imgSrc: ["'self'", 'data:'], upgradeInsecureRequests: null };

/**
 * Makes an application speak the API's HTTP: strict JSON in, validated DTOs, and one shape for every error. It must have
 * been created with `bodyParser: false`, and is called before `init()` or `listen()`.
 */
export function configureHttp(app: NestExpressApplication, security = new SecuritySettings()): void {
  app.disable('x-powered-by');
  // Answers tell the state of this moment; hashing each of them for a cache would be work for nothing.
  app.disable('etag');
  app.use(identifyRequest);
  app.use(limitUnreadAnswers(security.requestTimeoutSeconds * 1000));
  app.use(helmet({ contentSecurityPolicy: { directives: CONTENT_SECURITY } }));
  const { corsOrigins } = security;
  if (corsOrigins !== undefined)
    app.enableCors({ origin: [...corsOrigins], exposedHeaders: [REQUEST_ID_HEADER, 'Retry-After', 'Link'] });
  app.use(requireJsonBody);
  app.useBodyParser('raw', { type: () => true, limit: MAX_BODY_BYTES });
  app.use(parseJsonBody);
  app.useGlobalPipes(new RequestValidationPipe());
  const routes = new RouteCatalog(app.get(ModulesContainer));
  app.useGlobalFilters(new ApiExceptionFilter(app.get(HttpAdapterHost).httpAdapter, routes));
  const server: unknown = app.getHttpServer();
  if (server instanceof Server) limitTimes(server, security);
  answerClientErrors(server);
}

/** A client that sends its request drop by drop holds a connection for so long and no longer. */
function limitTimes(server: Server, { requestTimeoutSeconds }: SecuritySettings): void {
  server.requestTimeout = Math.max(requestTimeoutSeconds * 1000, HEADERS_MS);
  server.headersTimeout = HEADERS_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
}
