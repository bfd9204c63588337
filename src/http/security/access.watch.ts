import type { ServerResponse } from 'node:http';

import { UnauthorizedError } from '../api.errors.js';
import { identityOf } from './request-identity.js';

/** How often the credentials behind an open answer are checked again. */
const RECHECK_MS = 60_000;

/**
 * Checks the credentials of a request again while its answer is open: when they expire, and every minute, because their key
 * may have been withdrawn. Calls `end` once with the refusal. While the issuer can't be asked, the answer stays open until
 * the credentials expire.
 */
export function watchAccess(
  request: object,
  response: ServerResponse,
  end: (refusal: UnauthorizedError) => void,
): void {
  const { credentials } = identityOf(request);
  if (credentials === undefined || response.closed) return;
  let timer = setTimeout(lookAgain, untilNextLook());
  response.once('close', () => clearTimeout(timer));

  function untilNextLook(): number {
    return Math.max(0, Math.min(RECHECK_MS, (credentials?.expiresAt ?? 0) - Date.now()));
  }

  async function look(): Promise<void> {
    const refusal = await recheck();
    if (response.closed) return;
    if (refusal === null) timer = setTimeout(lookAgain, untilNextLook());
    else end(refusal);
  }

  function lookAgain(): void {
    void look();
  }

  async function recheck(): Promise<UnauthorizedError | null> {
    if (credentials === undefined) return null;
    if (Date.now() >= credentials.expiresAt) return new UnauthorizedError('The token has expired');
    try {
      await credentials.recheck();
      return null;
    } catch (error) {
      return error instanceof UnauthorizedError ? error : null;
    }
  }
}
