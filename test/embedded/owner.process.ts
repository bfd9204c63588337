/**
 * A process that owns an embedded server, for tests that kill it. Argument: the data folder. Prints one line of JSON
 * an event. Stops the server when told to by a line of input, and only then, as an application that drains would.
 */
import { once } from 'node:events';
import process from 'node:process';

import { EmbeddedPostgres, EmbeddedPostgresError } from '../../src/database/embedded/index.js';

const [dataDir = ''] = process.argv.slice(2);
const tell = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

process.on('SIGINT', () => tell({ event: 'interrupted' }));

try {
  const server = await EmbeddedPostgres.start({ dataDir, logger: silent });
  const { url, pid, guardPid } = server;
  tell({ event: 'started', url, pid, guardPid, dataDir: server.dataDir });
  await once(process.stdin, 'data');
  await server.stop();
  tell({ event: 'stopped' });
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error;
  tell({ event: 'refused', code: error.code, message: error.message });
}
process.stdin.destroy();
