import type { IncomingMessage } from 'node:http';

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { ForbiddenError } from '../api.errors.js';
import { Authenticator } from './authenticator.js';
import { RequiresOneOf } from './permission.js';
import { rememberIdentity } from './request-identity.js';

/**
 * Lets through who may ask for what they ask for. Where somebody has to say who they are, an operation that does not say what
 * it needs is closed: nothing is open because it was forgotten.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.authenticator.enabled) return true;
    const needed = this.reflector.get(RequiresOneOf, context.getHandler());
    if (needed === undefined) throw new ForbiddenError('Nobody may ask for this: it does not say who may');
    if (needed.length === 0) return true;
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const identity = await this.authenticator.authenticate(request);
    if (!needed.some((permission) => identity.may(permission)))
      throw new ForbiddenError(`This needs the permission ${needed.join(' or ')}`);
    rememberIdentity(request, identity);
    return true;
  }
}
