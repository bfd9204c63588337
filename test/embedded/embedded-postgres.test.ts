import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { runner } from 'node-pg-migrate';

import { EmbeddedPostgres, EmbeddedPostgresInUseError } from '../../src/database/embedded/index.js';
import { dataFolder, removeFolders } from './data-folder.js';
import { busyClient, query, untilGone } from './observe.js';
import { Owner } from './owner.js';

jest.setTimeout(60_000);

const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
const servers: EmbeddedPostgres[] = [];

async function start(dataDir: string, settings: Record<string, string> = {}): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ dataDir, logger, settings });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await Owner.killAll();
  await removeFolders();
  jest.clearAllMocks();
});

describe('The embedded PostgreSQL', () => {
  it('keeps its data between runs', async () => {
    const folder = await dataFolder();
    const first = await start(folder);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    const second = await start(folder);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('is durable, speaks UTF-8, and answers on the loopback address only', async () => {
    const { url } = await start(await dataFolder());
    const [settings] = await query(
      url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits,
              current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses,
              current_setting('unix_socket_directories') AS sockets`,
    );
    expect(settings).toEqual({
      fsync: 'on',
      commits: 'on',
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      sockets: '',
    });
  });

  it('takes settings, and gives up durability only when asked to', async () => {
    const folder = await dataFolder();
    const server = await EmbeddedPostgres.start({
      dataDir: folder,
      logger,
      durability: 'none',
      settings: { max_connections: '17' },
    });
    servers.push(server);
    expect(await query(server.url, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
    expect(await query(server.url, 'SHOW max_connections')).toEqual([{ max_connections: '17' }]);
  });

  it('says where it is, under a URL that node-pg-migrate understands', async () => {
    const { url, dataDir, pid } = await start(await dataFolder());
    expect(logger.log).toHaveBeenCalledWith(expect.stringContaining(`(pid ${pid}), its data in ${dataDir}`));
    const migrations = new URL('migrations', import.meta.url).pathname;
    await runner({
      databaseUrl: url,
      dir: migrations,
      migrationsTable: 'm',
      direction: 'up',
      log: () => undefined,
    });
    expect(await query(url, 'SELECT name FROM m')).toEqual([{ name: '1_first' }]);
  });

  it('is gone once stopped, even with clients connected, and can be stopped again', async () => {
    const server = await start(await dataFolder());
    const client = await busyClient(server.url);
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();

    expect(await client.ended).toMatchObject({ code: '57P01' });
    await untilGone(server.pid, server.guardPid);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it('reports when the server ends by itself', async () => {
    const server = await start(await dataFolder());
    const reported = new Promise((resolve) => logger.error.mockImplementationOnce(resolve));
    process.kill(server.pid, 'SIGQUIT');
    expect(await reported).toContain('ended unexpectedly');
    await untilGone(server.guardPid);
    await server.stop();
  });

  it('refuses a folder whose owner lives, names that owner, and leaves its server alone', async () => {
    const folder = await dataFolder();
    const owner = new Owner(folder);
    const { url } = await owner.next();

    const refusal = EmbeddedPostgres.start({ dataDir: folder, logger });
    await expect(refusal).rejects.toBeInstanceOf(EmbeddedPostgresInUseError);
    await expect(refusal).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_IN_USE',
      ownerPid: owner.pid,
      message: expect.stringMatching(new RegExp(`process ${owner.pid}.*TASKER_DATA_DIR.*DATABASE_URL`)),
    });
    expect(await query(url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);

    expect(await owner.stop()).toMatchObject({ event: 'stopped' });
    await start(folder);
  });

  it('lets one of two simultaneous starts win, and the other be refused', async () => {
    const folder = await dataFolder();
    const owners = [new Owner(folder), new Owner(folder)];
    const events = await Promise.all(owners.map((owner) => owner.next()));

    expect(events.map(({ event }) => event).toSorted()).toEqual(['refused', 'started']);
    const winner = owners[events.findIndex(({ event }) => event === 'started')];
    expect(events.find(({ event }) => event === 'refused')).toMatchObject({
      code: 'EMBEDDED_POSTGRES_IN_USE',
      message: expect.stringContaining(`process ${winner?.pid}`),
    });
  });
});
