import type { IncomingMessage, ServerResponse } from 'node:http';

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { SecuritySettings } from '../../config/index.js';
import { RateLimitedError } from '../api.errors.js';
import { RequiresOneOf } from './permission.js';
import { ANYBODY, identityOf } from './request-identity.js';

const WINDOW_SECONDS = 60;

/**
 * Refuses a client that has sent too many requests within a minute; what is open to everybody is exempt. Each process counts
 * for itself. Not by @nestjs/throttler: it is CommonJS and requires Nest, which is ESM, so it loads on no Node before 20.19 and
 * not under jest there.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  private readonly limiter: RateLimiterMemory | null;

  constructor(
    private readonly reflector: Reflector,
    { rateLimit }: SecuritySettings,
  ) {
    this.limiter =
      rateLimit === 0 ? null : new RateLimiterMemory({ points: rateLimit, duration: WINDOW_SECONDS });
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.limiter === null) return true;
    if (this.reflector.get(RequiresOneOf, context.getHandler())?.length === 0) return true;
    const http = context.switchToHttp();
    try {
      const { remainingPoints } = await this.limiter.consume(clientOf(http.getRequest<IncomingMessage>()));
      http.getResponse<ServerResponse>().setHeader('X-RateLimit-Remaining', remainingPoints);
      return true;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new RateLimitedError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
    }
  }
}

/** By who they are, where they had to say it, else by where they are. */
function clientOf(request: IncomingMessage): string {
  const identity = identityOf(request);
  return identity === ANYBODY ? `address ${request.socket.remoteAddress}` : identity.name;
}
