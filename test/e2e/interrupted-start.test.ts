import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';

import { createTestDatabase } from '../support/postgres-server.js';
import type { TestDatabase } from '../support/postgres-server.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { ServiceProcess } from './service-process.js';

jest.setTimeout(120_000);

const FAILED_START = fileURLToPath(new URL('./failed-start.process.ts', import.meta.url));

/** The lock under which processes migrate in turn. */
const MIGRATION_LOCK = 0x7461736b6572;

afterEach(() => Program.killAll());

describe.each(['SIGTERM', 'SIGINT'] as const)(
  '%s while the service starts ends it at once, with 0',
  (signal) => {
    let database: TestDatabase;

    beforeEach(async () => {
      database = await createTestDatabase();
    });

    afterEach(() => database.drop());

    it('where no database answers', async () => {
      const program = ServiceProcess.launch({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' });
      await program.says(/does not answer yet/);
      await expectQuietEnd(program, signal);
    });

    it('where the database takes connections and says nothing', async () => {
      const silent = await silentServer();
      try {
        const program = ServiceProcess.launch({ DATABASE_URL: silent.url });
        await silent.knocked;
        await expectQuietEnd(program, signal);
      } finally {
        silent.close();
      }
    });

    it('where another process migrates, and nobody of it is left at the database', async () => {
      const other = new Client({ connectionString: database.url });
      await other.connect();
      try {
        await other.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
        const program = ServiceProcess.launch({ DATABASE_URL: database.url });
        await program.says(/Another process migrates/);
        await expectQuietEnd(program, signal);
        await until('its connections are gone', async () => {
          const { rowCount } = await other.query(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tasker-nest%'",
          );
          return rowCount === 0;
        });
      } finally {
        await other.end();
      }
    });
  },
);

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s after a start that failed ends what is left of the process, as failed',
  async (signal) => {
    const program = Program.typescript(FAILED_START, {
      PORT: '0',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere',
      TASKER_TEMPLATE_PATH: '/nowhere',
    });
    await until(
      'its start has failed',
      () => program.messages((message): message is 'ended' => message === 'ended').length > 0,
    );
    program.signal(signal);
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.output).toMatch(/TASKER_TEMPLATE_PATH|nowhere/);
  },
);

/** A start that is not given up fails in the end, and says so. */
async function expectQuietEnd(program: Program, signal: NodeJS.Signals): Promise<void> {
  program.signal(signal);
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(program.output).toMatch(/ INFO: /);
  expect(program.output).not.toMatch(/ (?:ERROR|FATAL): /);
}

async function silentServer(): Promise<{ url: string; knocked: Promise<unknown>; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `postgres://nobody@127.0.0.1:${port}/nowhere`,
    knocked: once(server, 'connection'),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
