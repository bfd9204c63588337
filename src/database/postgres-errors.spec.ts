import { createServer, type Server } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { Client, DatabaseError, Pool } from 'pg';

import { DatabaseClosedError, TransactionPoolerError } from './database.errors.js';
import { classifyFailure, isTransient, requestFailure } from './postgres-errors.js';
import type { FailureKind } from './postgres-errors.js';

function serverError(code: string, severity = 'ERROR'): Error {
  return Object.assign(new DatabaseError('refused', 7, 'error'), { code, severity });
}

type Row = readonly [state: string, kind: FailureKind, answer: 'unavailable' | 'failed'];

const ROWS: readonly Row[] = [
  ['08006', 'connection', 'unavailable'],
  ['08P01', 'connection', 'unavailable'],
  ['25006', 'connection', 'unavailable'],
  ['25P03', 'connection', 'unavailable'],
  ['25P04', 'connection', 'unavailable'],
  ['40003', 'connection', 'unavailable'],
  ['53300', 'connection', 'unavailable'],
  ['57P01', 'connection', 'unavailable'],
  ['57P02', 'connection', 'unavailable'],
  ['57P03', 'connection', 'unavailable'],
  ['57P04', 'connection', 'unavailable'],
  ['57P05', 'connection', 'unavailable'],
  ['28000', 'refused', 'unavailable'],
  ['28P01', 'refused', 'unavailable'],
  ['3D000', 'refused', 'unavailable'],
  ['40001', 'conflict', 'unavailable'],
  ['40P01', 'conflict', 'unavailable'],
  ['55P03', 'conflict', 'unavailable'],
  ['57014', 'conflict', 'unavailable'],
  ['26000', 'conflict', 'unavailable'],
  ['42P05', 'conflict', 'unavailable'],
  ['53100', 'resources', 'unavailable'],
  ['53200', 'resources', 'unavailable'],
  ['58030', 'resources', 'unavailable'],
  ['42501', 'denied', 'unavailable'],
  ['22P05', 'data', 'failed'],
  ['22021', 'data', 'failed'],
  ['54000', 'data', 'failed'],
  ['23505', 'other', 'failed'],
  ['40002', 'other', 'failed'],
  ['42P01', 'other', 'failed'],
  ['53400', 'other', 'failed'],
  ['P0001', 'other', 'failed'],
  ['XX000', 'other', 'failed'],
];

describe('What an error of the database means', () => {
  it.each(ROWS)('%s is of kind %s, and %s for a request', (state, kind, answer) => {
    const error = serverError(state);
    expect(classifyFailure(error)).toBe(kind);
    expect(requestFailure(error)).toBe(answer);
    // What is made again is never a fault of the request.
    if (isTransient(error)) expect(answer).toBe('unavailable');
  });

  it('a server that lets no connection in has its reasons, of any state', () => {
    for (const state of ['42501', '55000', '22023', '3D000'])
      expect(classifyFailure(serverError(state, 'FATAL'))).toBe('refused');
    expect(classifyFailure(serverError('57P03', 'FATAL'))).toBe('connection');
  });

  it('a service that has closed its database is not retried, and unavailable', () => {
    expect(isTransient(new DatabaseClosedError())).toBe(false);
    expect(requestFailure(new DatabaseClosedError())).toBe('unavailable');
  });

  it('another session’s prepared statement is told as the pooler that it comes from', () => {
    const error = new TransactionPoolerError(false, serverError('42P05'));
    expect(error.message).toMatch(/set it to a URL straight to the server.*refused/);
    expect(isTransient(error)).toBe(true);
    expect(requestFailure(error)).toBe('unavailable');
  });

  it('an answer that the driver has waited for in vain is a connection that is lost', () => {
    expect(classifyFailure(new Error('Query read timeout'))).toBe('connection');
    expect(requestFailure(new Error('Query read timeout'))).toBe('unavailable');
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
    expect(requestFailure(error)).toBe('unavailable');
  });

  it('looks at what caused an error', () => {
    const cause = serverError('57P01');
    expect(requestFailure(new Error('submit failed', { cause }))).toBe('unavailable');
  });

  it.each([
    new Error('boom'),
    'boom',
    null,
    Object.assign(new Error('x'), { code: 'EPERM' }),
    Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open' }),
  ])('leaves %s alone', (error) => {
    expect(requestFailure(error)).toBeNull();
  });
});

async function failureOf(connectionString: string) {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  const error: unknown = await client.connect().catch((reason: unknown) => reason);
  return requestFailure(error);
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
