import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import type { Permission } from './permission.js';

/** Who asks, as far as an answer depends on it. */
export interface RequestIdentity {
  /** For the log and the rate limit: a key's name, or a token's subject. */
  readonly name: string;
  may(permission: Permission): boolean;
  /** Of a caller whose credentials end by themselves: a token. */
  readonly credentials?: EndingCredentials;
}

/** What a long answer depends on. */
export interface EndingCredentials {
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  /** Rejects with UnauthorizedError if they are no longer good, with another error if that can't be said now. */
  readonly recheck: () => Promise<unknown>;
}

/** Whoever asks while nobody has to say who they are: everything is allowed. */
export const ANYBODY: RequestIdentity = { name: 'anybody', may: () => true };

/** A request says it by what has been found out about it, not by a field that others could set too. */
const identities = new WeakMap<object, RequestIdentity>();

/** Remembers who sent a request: the guard that finds it out is the only caller. */
export function rememberIdentity(request: object, identity: RequestIdentity): void {
  identities.set(request, identity);
}

/** Who sent a request; `ANYBODY` where nobody asked. */
export function identityOf(request: object): RequestIdentity {
  return identities.get(request) ?? ANYBODY;
}

/** Gives a controller's method who asks. */
export const Asking = createParamDecorator((_: unknown, context: ExecutionContext): RequestIdentity =>
  identityOf(context.switchToHttp().getRequest<object>()),
);
