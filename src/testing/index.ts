export { taskResults } from './task-results.js';
export { TestClock } from './test-clock.js';
export { TestDatabase, TestDatabaseError } from './test-database.js';
export { startTestWorker } from './test-worker.js';
export type { TestWorker, TestWorkerOptions } from './test-worker.js';
export { TaskNotSettledError, UnexpectedTaskStatusError, waitForTask } from './wait-for-task.js';
export type { WaitForTaskOptions } from './wait-for-task.js';
