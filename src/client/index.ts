export { SubmitFailedError, TaskClient } from './task-client.js';
export type { ManualAction, SubmitManyOutcome, SubmitOptions, WaitOptions } from './task-client.js';
export { TaskWatch } from './task.watch.js';
