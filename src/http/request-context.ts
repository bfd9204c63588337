import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { timeOrderedUuid } from '../engine/index.js';

export const REQUEST_ID_HEADER = 'X-Request-Id';

/** Ids of others end up in logs and headers, so not every text will do. */
const GOOD_ID = /^[\w.:/+=-]{1,128}$/;

const requests = new AsyncLocalStorage<string>();

/** The id of the request that is being answered; undefined outside of one. */
export function currentRequestId(): string | undefined {
  return requests.getStore();
}

/** Gives each request an id, the client's own where it sends a good one, and tells it in the answer. */
export function identifyRequest(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const sent = request.headers[REQUEST_ID_HEADER.toLowerCase()];
  const id = typeof sent === 'string' && GOOD_ID.test(sent) ? sent : timeOrderedUuid();
  response.setHeader(REQUEST_ID_HEADER, id);
  requests.run(id, next);
}
