import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { catchError, type Observable, throwError, timeout, TimeoutError } from 'rxjs';

import { SecuritySettings } from '../config/index.js';
import { RequestTimeoutError } from './api.errors.js';

/** For an operation that keeps its client waiting on purpose: it is not cut short. */
export const LongLived = Reflector.createDecorator<true>();

/** Answers 408 where an answer takes longer than `TASKER_REQUEST_TIMEOUT_SECONDS`. What was begun for it may still end. */
@Injectable()
export class RequestTimeoutInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly settings: SecuritySettings,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (this.reflector.get(LongLived, context.getHandler())) return next.handle();
    const { requestTimeoutSeconds } = this.settings;
    return next.handle().pipe(
      timeout({ first: requestTimeoutSeconds * 1000 }),
      catchError((error: unknown) =>
        throwError(() =>
          error instanceof TimeoutError
            ? new RequestTimeoutError(
                `No answer was ready within ${requestTimeoutSeconds} s; it may be later`,
              )
            : error,
        ),
      ),
    );
  }
}
