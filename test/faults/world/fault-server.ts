import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EmbeddedPostgres } from '../../../src/database/embedded/index.js';
import { testedPostgres } from '../../support/tested-postgres.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** What a crash must not lose is on disk: these are the settings of a real server. */
const SETTINGS = { max_connections: '200', shared_buffers: '64MB' };

/**
 * A PostgreSQL that can be stopped, crashed and cut off. Clients reach it through a proxy, whose address stays the same
 * when the server comes back on another port.
 */
export class FaultServer {
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
    /** The workers' way to it, which is where the network fails. */
    readonly proxy: TcpProxy,
    /** The submitter's way to it. */
    readonly sideDoor: TcpProxy,
  ) {}

  static async start(): Promise<FaultServer> {
    const folder = await mkdtemp(join(tmpdir(), 'tasker-faults-'));
    // As root the server runs as another user, who has to get in.
    await chmod(folder, 0o755);
    const server = await startOn(folder);
    return new FaultServer(
      folder,
      server,
      await TcpProxy.before(server.url),
      await TcpProxy.before(server.url),
    );
  }

  /** Straight to the server, past the proxy; another one after each restart. */
  get directUrl(): string {
    return this.server.url;
  }

  /** `fast`: connections are ended and everything is written down. `crash`: nothing is, and the next start recovers. */
  async stop(how: 'fast' | 'crash'): Promise<void> {
    if (how === 'crash') process.kill(this.server.pid, 'SIGQUIT');
    await this.server.stop();
  }

  /** Brings it back on what is on disk; resolves when it accepts connections. */
  async start(): Promise<void> {
    this.server = await startOn(this.folder);
    for (const way of [this.proxy, this.sideDoor]) way.retarget(this.server.url);
  }

  async end(): Promise<void> {
    await Promise.all([this.proxy.end(), this.sideDoor.end()]);
    await this.server.stop();
    await rm(this.server.dataDir, { recursive: true, force: true });
    await rm(this.folder, { recursive: true, force: true });
  }
}

function startOn(folder: string): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ dataDir: folder, logger: SILENT, settings: SETTINGS, ...testedPostgres() });
}
