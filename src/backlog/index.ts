export { BacklogMonitor } from './backlog.monitor.js';
export type { Backlog } from './backlog.monitor.js';
export { BackpressureError } from './backpressure.error.js';
