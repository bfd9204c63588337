export type { SchemaUpdateConfig } from './schema.update.js';
export { WorkerBootstrap } from './worker-bootstrap.js';
export type { WorkerBootstrapConfig, WorkerHandle } from './worker-bootstrap.js';
