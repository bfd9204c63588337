import type { IncomingMessage, ServerResponse } from 'node:http';

import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';

import type { LogSettings } from '../config/index.js';
import { currentRequestId } from '../http/index.js';
import { createPinoLog } from './pino-log.factory.js';

/** Nest's loggers speak through pino: a line of JSON each, or, on a terminal, a line for people. */
@Module({})
export class LoggingModule {
  static forSettings(settings: LogSettings): DynamicModule {
    return {
      module: LoggingModule,
      imports: [
        LoggerModule.forRoot({
          pinoHttp: {
            logger: createPinoLog(settings, { sync: false }),
            genReqId: () => currentRequestId() ?? '',
            quietReqLogger: true,
            customAttributeKeys: { reqId: 'request_id', responseTime: 'duration_ms', err: 'error' },
            customLogLevel: levelOf,
            // No headers: what is secret stands in them.
            serializers: {
              req: ({ method, url }: Pick<IncomingMessage, 'method' | 'url'>) => ({
                method,
                url: pathOf(url),
              }),
              res: ({ statusCode }: Pick<ServerResponse, 'statusCode'>) => ({ status: statusCode }),
            },
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

/** A query may hold what is not for the log. */
function pathOf(url = ''): string {
  return url.replace(/\?.*/s, '?…');
}
