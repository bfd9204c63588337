export type { Batch, BatchTimes, BenchEngine, PacedBatch } from './bench-engine.js';
export { engineOptions } from './engine.options.js';
export type { EngineOptions } from './engine.options.js';
export { EngineProcess } from './engine.process.js';
export type { EngineLaunch } from './engine.process.js';
export { serveEngine } from './engine.server.js';
export { paced } from './pacer.js';
