import { once } from 'node:events';
import { createServer } from 'node:net';
import type { HttpSettings } from '../config/index.js';

/** What each error of the system means for whoever chose the address. */
const REASONS: ReadonlyMap<string, string> = new Map([
  [
    'EADDRINUSE',
    'another program listens there; set PORT to a free port (0 takes any), or stop that program',
  ],
  ['EACCES', 'this process may not listen there; set PORT to one above 1023'],
  ['EADDRNOTAVAIL', 'this machine does not have that address; set HOST to one that it has'],
  ['ENOTFOUND', 'that name leads nowhere; set HOST to an address of this machine'],
]);

/** The service can't listen where it is told to. */
export class ListenAddressError extends Error {
  readonly code = 'LISTEN_ADDRESS';

  constructor({ host, port }: Pick<HttpSettings, 'host' | 'port'>, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const reason = REASONS.get(code) ?? 'set HOST and PORT to where this process may listen';
    super(`HOST = ${JSON.stringify(host)}, PORT = ${port}: can't listen (${code}): ${reason}`, { cause });
    this.name = ListenAddressError.name;
  }
}

/**
 * Listens for an instant, so that an address that can't be had is found before the service begins to work.
 *
 * @throws ListenAddressError
 */
export async function assertAddressFree(settings: Pick<HttpSettings, 'host' | 'port'>): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(settings.port, settings.host);
    await once(probe, 'listening');
  } catch (error) {
    throw new ListenAddressError(settings, error);
  }
  probe.close();
  await once(probe, 'close');
}
