import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { Client } from 'pg';
import type { QueryResultRow } from 'pg';

const run = promisify(execFile);

/** Resolves as soon as `condition` holds; fails when it doesn't for very long. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await sleep(10);
  }
}

/** The running processes, with their command lines. */
export async function processes(): Promise<readonly { pid: number; command: string }[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { maxBuffer: 1 << 26 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, state = '', command = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state.startsWith('Z') ? [] : [{ pid: Number(pid), command }];
  });
}

export async function untilGone(...pids: number[]): Promise<void> {
  await until(`no process of ${pids.join(', ')} runs`, async () =>
    (await processes()).every(({ pid }) => !pids.includes(pid)),
  );
}

/** Resolves when no process has this folder in its command line any more. */
export async function untilNobodyWorksIn(folder: string): Promise<void> {
  await until(`nobody works in ${folder}`, async () =>
    (await processes()).every(({ command }) => !command.includes(folder)),
  );
}

/** A client in the middle of a long query; `ended` resolves to the error that ends it. */
export async function busyClient(url: string): Promise<{ ended: Promise<unknown> }> {
  const ended = query(url, 'SELECT pg_sleep(600)').catch((error: unknown) => error);
  await until('the query runs', async () => {
    const running = `SELECT FROM pg_stat_activity
                      WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
                        AND query = 'SELECT pg_sleep(600)'`;
    return (await query(url, running)).length === 1;
  });
  return { ended };
}

export async function query(url: string, statement: string): Promise<QueryResultRow[]> {
  const client = new Client({ connectionString: url });
  // Some tests end the server under the query, which then rejects.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<QueryResultRow>(statement)).rows;
  } finally {
    await client.end();
  }
}
