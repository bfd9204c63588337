import type { IncomingMessage, ServerResponse } from 'node:http';

import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { pino } from 'pino';

import type { LogSettings } from '../config/index.js';
import { currentRequestId } from '../http/index.js';
import { createPinoLog } from './pino-log.factory.js';
import { ServiceLogStream } from './service-log.stream.js';

/** A key that no line has. */
const UNTOLD = 'untold';

/** Express changes the URL of a request on its way through routers. */
interface Routed {
  readonly originalUrl?: string;
}

/** Nest's loggers speak through pino: a line of JSON each, or, on a terminal, a line for people. */
@Module({})
export class LoggingModule {
  static forSettings(settings: LogSettings): DynamicModule {
    const stream = new ServiceLogStream();
    return {
      module: LoggingModule,
      providers: [{ provide: ServiceLogStream, useValue: stream }],
      imports: [
        LoggerModule.forRoot({
          pinoHttp: {
            logger: createPinoLog(settings, stream),
            genReqId: () => currentRequestId() ?? '',
            quietReqLogger: true,
            customAttributeKeys: {
              reqId: 'request_id',
              responseTime: 'duration_ms',
              err: 'error',
              req: UNTOLD,
            },
            customLogLevel: levelOf,
            // As they are, not copied for the serializers first. The request is told with its answer, and no sooner: a logger that
            // knows it costs each request more than all else that is logged of it.
            wrapSerializers: false,
            serializers: {
              [UNTOLD]: () => undefined,
              res: ({ statusCode }: Pick<ServerResponse, 'statusCode'>) => ({ status: statusCode }),
              error: pino.stdSerializers.err,
            },
            customSuccessObject: withRequest,
            customErrorObject: (request, answer, _error, line: object) => withRequest(request, answer, line),
          },
        }),
      ],
    };
  }
}

/** Every answer is a line at debug; those that went wrong here stand out. */
function levelOf(_request: IncomingMessage, { statusCode }: ServerResponse, error?: Error): 'debug' | 'warn' {
  return error !== undefined || statusCode >= 500 ? 'warn' : 'debug';
}

/** No headers: what is secret stands in them. */
function withRequest(request: IncomingMessage & Routed, _answer: ServerResponse, line: object): object {
  return { req: { method: request.method, url: pathOf(request.originalUrl ?? request.url) }, ...line };
}

/** A query may hold what is not for the log. */
function pathOf(url = ''): string {
  return url.replace(/\?.*/s, '?…');
}
