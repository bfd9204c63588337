import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where `global-teardown.ts` finds what ends the server of this run; the two share no module. */
const STOP_KEY = Symbol.for('tasker-nest.stop-test-server');

/**
 * Starts one PostgreSQL server for the whole test run, or takes the one that `TEST_DATABASE_URL` names. Tests get at it
 * through `postgres-server.ts`. `TEST_POSTGRES_VERSION` names another major than the embedded one (`npm run test:versions`).
 */
export default async function globalSetup(): Promise<void> {
  if (process.env.TEST_DATABASE_URL !== undefined && process.env.TEST_POSTGRES_VERSION !== undefined) {
    throw new Error(
      'TEST_DATABASE_URL names a server that runs, and TEST_POSTGRES_VERSION one to start: unset one of the two',
    );
  }
  process.env.TASKER_TEST_SERVER_URL = process.env.TEST_DATABASE_URL ?? (await startServer());
}

async function startServer(): Promise<string> {
  const support = import.meta.dirname;
  const loader = join(support, 'register-ts.mjs');
  const server = spawn(process.execPath, ['--import', loader, join(support, 'postgres-server.process.ts')], {
    // Not this process's: it names jest's options for Node.
    env: { ...process.env, NODE_OPTIONS: '' },
    // Ctrl-C reaches the foreground group, and this process has to clean up after jest.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  Reflect.set(globalThis, STOP_KEY, async () => {
    server.stdin.destroy();
    await ended;
  });
  for await (const url of createInterface({ input: server.stdout })) return url;
  throw new Error(
    'The PostgreSQL server for the tests did not start; see the error above, or set TEST_DATABASE_URL',
  );
}
