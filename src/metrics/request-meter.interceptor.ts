import type { IncomingMessage, ServerResponse } from 'node:http';

import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { Observable } from 'rxjs';
import { Meters } from './meters.js';

/** Measures answers by the route's pattern: by their paths there would be one series a task. */
@Injectable()
export class RequestMeter implements NestInterceptor {
  constructor(private readonly meters: Meters) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method = '' } = http.getRequest<IncomingMessage>();
    const response = http.getResponse<ServerResponse>();
    const route = patternOf(context);
    const end = this.meters.requestSeconds.startTimer();
    response.once('close', () => end({ method, route, status: String(response.statusCode) }));
    return next.handle();
  }
}

function patternOf(context: ExecutionContext): string {
  const parts = [context.getClass(), context.getHandler()].map((target) =>
    String(Reflect.getMetadata(PATH_METADATA, target)),
  );
  return `/${parts.join('/')}`.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}
