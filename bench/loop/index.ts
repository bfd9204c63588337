export { BareLoop } from './bare-loop.js';
export type { LoopCalls } from './bare-loop.js';
export { TaskEnds } from './task-ends.js';
