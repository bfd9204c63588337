export { engineOptions, serveEngine } from '../engines/index.js';
export { TASK_NUMBER } from '../workloads/index.js';
export { LINEAR_STEPS } from './linear-steps.js';
export { limited, PeerEngine, PeerResults } from './peer.engine.js';
export type { Peer } from './peer.engine.js';
