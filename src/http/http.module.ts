import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';

import { HttpShutdown } from './http.shutdown.js';
import { RequestTimeoutInterceptor } from './request-timeout.interceptor.js';
import { AccessGuard } from './security/access.guard.js';
import { Authenticator } from './security/authenticator.js';
import { RateLimitGuard } from './security/rate-limit.guard.js';
import { RequestLimiter } from './security/request.limiter.js';

/** Who may ask for what, how often, and for how long. */
@Module({
  providers: [
    Authenticator,
    HttpShutdown,
    RequestLimiter,
    // In this order: a client is counted by who it is.
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_INTERCEPTOR, useClass: RequestTimeoutInterceptor },
  ],
  exports: [Authenticator],
})
export class HttpModule {}
