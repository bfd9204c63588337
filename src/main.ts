import { WORKFLOW_MODULES, WorkerBootstrap } from './service.js';

await WorkerBootstrap.run({ imports: WORKFLOW_MODULES });
