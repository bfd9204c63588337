/**
 * Starts the service that was bundled until it asks for its database, and keeps what V8 has compiled by then: all that the next
 * starts need compiled before a database can answer them. A process of its own, run by `service.bundler.mjs`.
 *
 * It takes the settings' defaults, whatever the environment and `.env` say, and the templates that the service ships.
 */
import { createServer } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { bundle, writeCache } from '../dist/service/bundle.loader.mjs';

const database = createServer(() => {
  writeCache();
  process.exit();
});
database.listen(0, '127.0.0.1', () => {
  bundle.WorkerBootstrap.bootstrap({
    imports: bundle.WORKFLOW_MODULES,
    logger: 'settings',
    settings: {
      port: 0,
      databaseUrl: `postgres://127.0.0.1:${database.address().port}/rehearsal`,
      templatePaths: [fileURLToPath(new URL('../config/tasks', import.meta.url))],
    },
  });
});
