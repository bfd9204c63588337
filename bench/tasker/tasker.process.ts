/** A worker of the service in a process of its own, with its API, its log and all else that it has by default. */
import { Client } from 'pg';

import { WorkerBootstrap } from '../../src/index.js';
import { WORKFLOW_MODULES } from '../../src/workflows/index.js';
import { engineOptions, serveEngine } from '../engines/index.js';
import { benchModule } from './operation.handler.js';
import { TaskerEngine } from './tasker.engine.js';

const options = engineOptions();
const { databaseUrl, templateFolder, concurrency, settings, namespaces = 1 } = options;

const queries = countQueries();
const modules = Array.from({ length: namespaces }, (_, number) => benchModule(number));
const worker = await WorkerBootstrap.bootstrap({
  imports: [...WORKFLOW_MODULES, ...modules],
  logger: 'settings',
  settings: {
    databaseUrl,
    templatePaths: ['config/tasks', templateFolder],
    port: 0,
    maxConcurrency: concurrency,
    ...settings,
  },
});
serveEngine(new TaskerEngine(worker, namespaces, queries), options);

/** At the driver: PostgreSQL's own counters hold what its sessions do for themselves, too. */
function countQueries(): () => number {
  let count = 0;
  const query: unknown = Reflect.get(Client.prototype, 'query');
  if (typeof query !== 'function') throw new Error('The driver has no Client.query to count');
  const counted = new Proxy(query, {
    apply: (original, client, values) => {
      count += 1;
      return Reflect.apply(original, client, values);
    },
  });
  Object.defineProperty(Client.prototype, 'query', { value: counted });
  return () => count;
}
