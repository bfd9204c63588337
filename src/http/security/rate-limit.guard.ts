import type { IncomingMessage, ServerResponse } from 'node:http';

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { RequiresOneOf } from './permission.js';
import { ANYBODY, identityOf } from './request-identity.js';
import { addressOf, RequestLimiter } from './request.limiter.js';

/**
 * Refuses a client that has sent too many requests within a minute; what is open to everybody is exempt. Each process counts
 * for itself. Not by @nestjs/throttler: it is CommonJS and requires Nest, which is ESM, so it loads on no Node before 20.19 and
 * not under jest there.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RequestLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get(RequiresOneOf, context.getHandler())?.length === 0) return true;
    const http = context.switchToHttp();
    const left = await this.limiter.count(clientOf(http.getRequest<IncomingMessage>()));
    if (left !== null) http.getResponse<ServerResponse>().setHeader('X-RateLimit-Remaining', left);
    return true;
  }
}

/** By who they are, where they had to say it, else by where they are. */
function clientOf(request: IncomingMessage): string {
  const identity = identityOf(request);
  return identity === ANYBODY ? addressOf(request) : identity.name;
}
