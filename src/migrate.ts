import { WorkerBootstrap } from './bootstrap/index.js';
import { WORKFLOW_MODULES } from './workflows/index.js';

await WorkerBootstrap.migrate({ imports: WORKFLOW_MODULES });
