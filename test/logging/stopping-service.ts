/**
 * A service's log around a stop, with a thread pool that is busy: what is not written when `write` returns comes after the line
 * "exit".
 */
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import process from 'node:process';

import { ServiceLogStream } from '../../src/logging/index.js';

const log = new ServiceLogStream();
log.started();
log.write('Stopping\n');
log.onModuleDestroy();
// The test answers once it has read the first line.
await once(process.stdin, 'data');
pbkdf2('busy', 'pool', 3_000_000, 64, 'sha512', () => undefined);
log.write('Stopped\n');
writeSync(1, 'exit\n');
process.exit();
