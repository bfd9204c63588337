import { WORKFLOW_MODULES, WorkerBootstrap } from './service.js';

await WorkerBootstrap.migrate({ imports: WORKFLOW_MODULES });
