import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EmbeddedPostgres } from '../database/index.js';
import { TemporaryFolders } from './temporary-folders.js';

/** Many tests at once, each with a pool, a listener and a lease keeper. */
const CONNECTIONS = '400';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Where whoever needs the server asks for it. Test runners load modules anew for every test file, so that a variable of
 * this module is not the process's; a named channel is.
 */
const ENQUIRIES = 'tasker-nest:test-server';

interface Enquiry {
  url: Promise<string> | undefined;
}

/**
 * The URL of the PostgreSQL server for tests: the one that `TASKER_TEST_DATABASE_URL` names, else one that this process runs
 * for itself. That one starts at the first call, in a temporary folder, and both are gone with the process.
 *
 * `DATABASE_URL` is not looked at: whoever has set it did not mean tests.
 */
export async function testServerUrl(): Promise<string> {
  const given = process.env['TASKER_TEST_DATABASE_URL']?.trim() ?? '';
  return given === '' ? ownServer() : given;
}

function ownServer(): Promise<string> {
  const enquiry: Enquiry = { url: undefined };
  channel(ENQUIRIES).publish(enquiry);
  return enquiry.url ?? startOnce();
}

function startOnce(): Promise<string> {
  const url = start();
  const answer = (message: unknown): void => {
    if (isEnquiry(message)) message.url = url;
  };
  subscribe(ENQUIRIES, answer);
  // The next one who asks may have more luck; this failure is told to whoever awaits it.
  url.catch(() => unsubscribe(ENQUIRIES, answer));
  return url;
}

async function start(): Promise<string> {
  const folders = TemporaryFolders.watch();
  const folder = await mkdtemp(join(tmpdir(), 'tasker-testing-'));
  folders.add(folder);
  // As root the server runs as another user, who has to get in.
  await chmod(folder, 0o755);
  const server = await EmbeddedPostgres.start({
    dataDir: folder,
    logger: SILENT,
    durability: 'none',
    settings: { max_connections: CONNECTIONS },
  });
  // Elsewhere than asked, where that user can't get in after all.
  folders.add(dirname(server.dataDir));
  return server.url;
}

function isEnquiry(message: unknown): message is Enquiry {
  return typeof message === 'object' && message !== null && 'url' in message;
}
