export { RepeatingJob } from './repeating.job.js';
export type { RepeatingJobOptions } from './repeating.job.js';
