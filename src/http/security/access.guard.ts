import type { IncomingMessage } from 'node:http';

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { ForbiddenError } from '../api.errors.js';
import { Authenticator } from './authenticator.js';
import { RequiresOneOf } from './permission.js';
import { rememberIdentity, type RequestIdentity } from './request-identity.js';
import { addressOf, RequestLimiter } from './request.limiter.js';

/**
 * Lets through who may ask for what they ask for. Where somebody has to say who they are, an operation that does not say what
 * it needs is closed: nothing is open because it was forgotten.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly limiter: RequestLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.authenticator.enabled) return true;
    const needed = this.reflector.get(RequiresOneOf, context.getHandler());
    if (needed === undefined) throw new ForbiddenError('Nobody may ask for this: it does not say who may');
    if (needed.length === 0) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const identity = await this.identify(request);
    if (!needed.some((permission) => identity.may(permission))) {
      await this.limiter.count(identity.name);
      throw new ForbiddenError(`This needs the permission ${needed.join(' or ')}`);
    }
    rememberIdentity(request, identity);
    return true;
  }

  /** Requests without good credentials count for their address. */
  private async identify(request: IncomingMessage): Promise<RequestIdentity> {
    try {
      return await this.authenticator.authenticate(request);
    } catch (error) {
      await this.limiter.count(addressOf(request));
      throw error;
    }
  }
}
