import { createServer, type Server } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { Client, DatabaseError, Pool } from 'pg';

import { classifyDatabaseFailure } from './database-failure.classifier.js';

function serverError(code: string): Error {
  return Object.assign(new DatabaseError('refused', 7, 'error'), { code, severity: 'ERROR' });
}

describe('classifyDatabaseFailure', () => {
  it.each(['57P01', '57P02', '57P03', '08006', '08001', '53300', '25006'])(
    'takes %s for a database that is away',
    (code) => {
      expect(classifyDatabaseFailure(serverError(code))).toBe('unavailable');
    },
  );

  it.each(['23505', '42P01', '22P05', '40P01', '57014'])('takes %s for a statement that failed', (code) => {
    expect(classifyDatabaseFailure(serverError(code))).toBe('failed');
  });

  it('recognises what pg really throws where nobody listens', async () => {
    const port = await freePort();
    await expect(failureOf(`postgres://u@127.0.0.1:${port}/d`)).resolves.toBe('unavailable');
    await expect(failureOf(`postgres://u@localhost:${port}/d`)).resolves.toBe('unavailable');
    await expect(failureOf('postgres://u@/d?host=/nowhere')).resolves.toBe('unavailable');
  });

  it('recognises a connection that is dropped, and a closed pool', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end()));
    const port = await listen(server);
    await expect(failureOf(`postgres://u@127.0.0.1:${port}/d`)).resolves.toBe('unavailable');
    server.close();

    const pool = new Pool();
    await pool.end();
    const error: unknown = await pool.query('select 1').catch((reason: unknown) => reason);
    expect(classifyDatabaseFailure(error)).toBe('unavailable');
  });

  it('looks at what caused an error', () => {
    const cause = serverError('57P01');
    expect(classifyDatabaseFailure(new Error('submit failed', { cause }))).toBe('unavailable');
  });

  it.each([new Error('boom'), 'boom', null, Object.assign(new Error('x'), { code: 'EPERM' })])(
    'leaves %s alone',
    (error) => {
      expect(classifyDatabaseFailure(error)).toBeNull();
    },
  );
});

async function failureOf(connectionString: string) {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  const error: unknown = await client.connect().catch((reason: unknown) => reason);
  return classifyDatabaseFailure(error);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
