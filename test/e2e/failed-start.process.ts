/** A service whose start fails, in a process that something else keeps from ending. */
import process from 'node:process';

import { WorkerBootstrap } from '../../src/index.js';

// Its parent's channel; it would keep the process alive for ever.
process.on('message', () => undefined);
process.on('disconnect', () => process.exit(3));
await WorkerBootstrap.run();
process.send?.('ended');
