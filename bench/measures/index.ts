export { Measurements } from './measurements.js';
export type { Measurement } from './measurements.js';
export { median, percentile } from './percentiles.js';
export { processCpu, peakMemory, treeCpu } from './process-cpu.js';
export { ResourceMeter } from './resource.meter.js';
export type { ResourceUse } from './resource.meter.js';
