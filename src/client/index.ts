export { TaskClient } from './task-client.js';
export type { ManualAction, ReadOptions, WaitOptions } from './task-client.js';
export { SubmitFailedError, TaskSubmitter } from './task.submitter.js';
export type { SubmitManyOutcome, SubmitOptions } from './task.submitter.js';
export { TaskWatch } from './task.watch.js';
