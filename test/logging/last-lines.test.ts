import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
import process from 'node:process';

import { expect, it } from '@jest/globals';

const LOADER = join(import.meta.dirname, '../support/register-ts.mjs');
const SERVICE = join(import.meta.dirname, 'stopping-service.ts');

it('The last line of a service that stops is written before the process can end, and after those before it', async () => {
  const service = spawn(process.execPath, ['--import', LOADER, SERVICE], {
    env: { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output = text(service.stdout.pipe(new PassThrough()));
  await once(service.stdout, 'data');
  service.stdin.write('go on');
  expect(await output).toBe('Stopping\nStopped\nexit\n');
});
