import type { IncomingMessage } from 'node:http';

import { Injectable } from '@nestjs/common';

import { SecuritySettings } from '../../config/index.js';
import { UnauthorizedError } from '../api.errors.js';
import { ApiKeys } from './api-keys.js';
import type { Permission } from './permission.js';
import type { RequestIdentity } from './request-identity.js';
import { TokenVerifier } from './token.verifier.js';

export const API_KEY_HEADER = 'X-API-Key';

/** Finds out who sends a request. */
@Injectable()
export class Authenticator {
  private readonly keys: ApiKeys;
  private readonly tokens: TokenVerifier | null;

  /** @throws InvalidSettingsError where keys or JWKS are not what they should be */
  constructor(settings: SecuritySettings) {
    this.keys = ApiKeys.fromSettings(settings);
    this.tokens = TokenVerifier.fromSettings(settings);
  }

  /** Off: everything is open. */
  get enabled(): boolean {
    return this.keys.count > 0 || this.tokens !== null;
  }

  /** How callers say who they are. */
  get method(): 'none' | 'api_key' | 'jwt' | 'jwt_and_api_key' {
    if (this.tokens === null) return this.keys.count > 0 ? 'api_key' : 'none';
    return this.keys.count > 0 ? 'jwt_and_api_key' : 'jwt';
  }

  get apiKeyCount(): number {
    return this.keys.count;
  }

  /** @throws UnauthorizedError, AuthenticationUnavailableError */
  async authenticate({ headers }: IncomingMessage): Promise<RequestIdentity> {
    const key = headers[API_KEY_HEADER.toLowerCase()];
    if (typeof key === 'string') return this.byKey(key);
    const { authorization } = headers;
    if (authorization !== undefined) return this.byToken(authorization);
    throw new UnauthorizedError(`Say who you are: ${this.ways().join(', or ')}`);
  }

  private byKey(key: string): RequestIdentity {
    const found = this.keys.find(key);
    if (found === null) throw new UnauthorizedError(`The key in ${API_KEY_HEADER} is not known`);
    return identity(`key ${found.name}`, (permission) => found.permissions.allows(permission));
  }

  private async byToken(authorization: string): Promise<RequestIdentity> {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (this.tokens === null || token === undefined)
      throw new UnauthorizedError(`Authorization is not as it should be: ${this.ways().join(', or ')}`);
    const { tokens } = this;
    const { subject, permissions, expiresAt } = await tokens.verify(token);
    return {
      ...identity(`subject ${subject}`, (permission) => permissions.allows(permission)),
      credentials: { expiresAt, recheck: () => tokens.verify(token) },
    };
  }

  private ways(): readonly string[] {
    return [
      ...(this.keys.count > 0 ? [`send an API key in ${API_KEY_HEADER}`] : []),
      ...(this.tokens === null ? [] : ['send "Authorization: Bearer <token>"']),
    ];
  }
}

function identity(name: string, may: (permission: Permission) => boolean): RequestIdentity {
  return { name, may };
}
