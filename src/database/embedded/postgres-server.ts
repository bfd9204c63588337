import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { EmbeddedPostgresStartError } from './embedded-postgres.errors.js';
import type { EmbeddedPostgresLogger } from './embedded-postgres.options.js';
import { GuardedProcess } from './guarded-process.js';
import { stopOrphanedServer, stopServer } from './orphaned-server.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { readPostmasterFile } from './postmaster-file.js';
import type { ServerUser } from './server-user.js';

export const HOST = '127.0.0.1';

export interface ServerLaunch {
  readonly home: string;
  readonly data: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser | undefined;
  /** Server settings by name, none of them about where the server listens. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logger: EmbeddedPostgresLogger;
  readonly onLaunch: (() => void) | undefined;
}

const LOOK_AGAIN_MS = 20;
/** A server that was killed replays its log before it is ready, and that may take a while. */
const READY_WITHIN_MS = 180_000;
const ATTEMPTS = 50;
const ATTEMPT_PAUSE_MS = 200;

/**
 * What passes by itself: another program took the port in between; children of a killed server, or the server of an
 * owner killed a moment ago, are still about to end.
 */
const PASSING = [
  'could not create any TCP/IP sockets',
  'pre-existing shared memory block',
  'lock file "postmaster.pid" already exists',
];

/** One run of the server program on a data folder. */
export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly program: GuardedProcess,
    private readonly launch: ServerLaunch,
  ) {}

  /**
   * Starts the server on a free port; resolves when it accepts connections. A server that was left behind on this
   * data is stopped first. The caller holds the owner lock of `home`.
   *
   * @throws EmbeddedPostgresStartError
   */
  static async start(launch: ServerLaunch): Promise<PostgresServer> {
    for (let attempt = 1; ; attempt++) {
      await stopOrphanedServer(launch.data, launch.logger);
      const port = await freePort();
      const program = await GuardedProcess.start(programFor(launch, port));
      launch.onLaunch?.();
      const problem = await awaitReady(program, launch.data);
      if (problem === undefined) return new PostgresServer(port, program, launch);

      await program.stop();
      const log = await program.logTail();
      if (attempt < ATTEMPTS && PASSING.some((text) => log.includes(text))) {
        await sleep(ATTEMPT_PAUSE_MS);
        continue;
      }
      throw new EmbeddedPostgresStartError(`the server on ${launch.data} ${problem}`, log);
    }
  }

  get pid(): number {
    return this.program.pid;
  }

  get guardPid(): number {
    return this.program.guardPid;
  }

  /** Resolves when the server has ended for whatever reason, or nothing guards it any more. */
  get ended(): GuardedProcess['ended'] {
    return this.program.ended;
  }

  /** Lets this process end by itself; the server then ends with it. */
  unref(): void {
    this.program.unref();
  }

  /** Shuts the server down, ending open connections; resolves when its process is gone. */
  async stop(): Promise<void> {
    const end = await this.program.stop();
    if (end.kind === 'unguarded') await stopServer(this.pid, this.launch.data);
  }
}

function programFor(launch: ServerLaunch, port: number): Parameters<typeof GuardedProcess.start>[0] {
  const { binaries, data } = launch;
  return {
    command: binaries.postgres,
    // "-D" comes first: by it a running server is recognised (see orphaned-server.ts).
    args: ['-D', data, ...settingArguments({ ...launch.settings, ...listenSettings(port) })],
    cwd: launch.home,
    logFile: join(launch.home, 'server.log'),
    user: launch.user,
    // Fast shutdown, immediate shutdown, and then nothing is left but force.
    stopSteps: [
      { signal: 'SIGINT', patienceMs: 60_000 },
      { signal: 'SIGQUIT', patienceMs: 10_000 },
      { signal: 'SIGKILL', patienceMs: 10_000 },
    ],
    windowsStop: { command: binaries.pgCtl, args: ['stop', '-D', data, '-m', 'fast'] },
  };
}

/** Nothing but the loopback address, because whoever reaches the server is let in. */
function listenSettings(port: number): Record<string, string> {
  return { port: String(port), listen_addresses: HOST, unix_socket_directories: '' };
}

function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Answers what went wrong, if anything. */
async function awaitReady(program: GuardedProcess, data: string): Promise<string | undefined> {
  const end = program.ended.then(() => 'ended' as const);
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const file = await readPostmasterFile(data);
    if (file?.pid === program.pid && file.ready) return undefined;
    if ((await Promise.race([end, sleep(LOOK_AGAIN_MS)])) === 'ended') return 'ended before it was ready';
  }
  return `was not ready after ${READY_WITHIN_MS / 1000} seconds`;
}

/** A port that is free now; somebody may take it before the server does, which then ends and is started anew. */
async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port');
  return address.port;
}
