import type { ServerResponse } from 'node:http';

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

import { ClientGoneError } from './api.errors.js';
import { watchAccess } from './security/access.watch.js';

/**
 * An `AbortSignal` that fires when the client closes the connection before its answer was sent, and, with
 * `UnauthorizedError`, when its token ends.
 */
export const ClientGone = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const request = context.switchToHttp().getRequest<object>();
  const response = context.switchToHttp().getResponse<ServerResponse>();
  const gone = new AbortController();
  const onClose = () => {
    if (!response.writableFinished) gone.abort(new ClientGoneError());
  };
  if (response.closed) onClose();
  else response.once('close', onClose);
  watchAccess(request, response, (refusal) => gone.abort(refusal));
  return gone.signal;
});
