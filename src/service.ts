/**
 * What the two programs, `main.ts` and `migrate.ts`, are made of. `npm run build` puts it, with all that it uses, into one file
 * and this module's place is taken by the loader of that file (build/service.bundler.mjs).
 */
export { WorkerBootstrap } from './bootstrap/index.js';
export { WORKFLOW_MODULES } from './workflows/index.js';
