/** A worker of the service in a process of its own, with its API, its log and all else that it has by default. */
import { WorkerBootstrap } from '../../src/index.js';
import { WORKFLOW_MODULES } from '../../src/workflows/index.js';
import { engineOptions, serveEngine } from '../engines/index.js';
import { benchModule } from './operation.handler.js';
import { TaskerEngine } from './tasker.engine.js';

const options = engineOptions();
const { databaseUrl, templateFolder, concurrency, settings, namespaces = 1 } = options;

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
serveEngine(new TaskerEngine(worker, namespaces), options);
