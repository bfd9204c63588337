import { WorkerBootstrap } from './bootstrap/index.js';
import { WORKFLOW_MODULES } from './workflows/index.js';

await WorkerBootstrap.run({ imports: WORKFLOW_MODULES });
