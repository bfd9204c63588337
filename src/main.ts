import { Logger } from '@nestjs/common';
import { WorkerBootstrap } from './bootstrap/index.js';
import { WORKFLOW_MODULES } from './workflows/index.js';

try {
  await WorkerBootstrap.bootstrap({ imports: WORKFLOW_MODULES, handleSignals: true });
} catch (error) {
  // Settings, templates and handlers explain themselves; only what nobody foresaw needs a stack.
  const explained = error instanceof Error && 'code' in error;
  new Logger('Tasker').fatal(explained ? error.message : error);
  process.exitCode = 1;
}
