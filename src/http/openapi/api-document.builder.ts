import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { PACKAGE_VERSION } from '../../config/index.js';
import { API_KEY_HEADER } from '../security/authenticator.js';
import { CREDENTIALS, HEADER_COMPONENTS } from './api-document.parts.js';

const DESCRIPTION = `Durable DAG workflows on PostgreSQL, behind Tasker's REST API.

A *task* is one run of a *template*; its *steps* run as soon as those they depend on are complete. Every error has the same body,
\`{"error": {"code", "message"}}\`; where a request is not valid, \`details\` has an entry for each thing that is wrong.
Timestamps are in UTC with \`Z\`, but those of \`TaskResponse.steps[]\`, which have no zone.`;

/** Serves the API's description: for people at `/docs`, for programs at `/docs-json`. It is made when somebody first asks. */
export function serveApiDocument(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => buildApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'tasker-nest',
    swaggerOptions: { persistAuthorization: true, displayOperationId: true, displayRequestDuration: true },
  });
}

/** The API of an application as an OpenAPI 3.1 document, from what `@Operation` and the DTOs say. */
export function buildApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('tasker-nest')
    .setDescription(DESCRIPTION)
    .setVersion(PACKAGE_VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addTag('tasks', 'Submit, find, read, follow and cancel tasks')
    .addTag('steps', 'Read the steps of a task, and act on them by hand')
    .addTag('templates', 'What tasks can be made of')
    .addTag('system', 'Health, metrics and configuration')
    .addApiKey(
      { type: 'apiKey', in: 'header', name: API_KEY_HEADER, description: 'One of TASKER_API_KEYS' },
      CREDENTIALS.apiKey,
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'A token of TASKER_JWT_ISSUER, with its permissions in "permissions" or "scope"',
      },
      CREDENTIALS.token,
    )
    .build();
  return SwaggerModule.createDocument(app, {
    ...config,
    components: { ...config.components, headers: HEADER_COMPONENTS },
  });
}
