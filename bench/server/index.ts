export { COUNTING, COUNTING_CALLS, countStatements, writeStatements } from './statement-statistics.js';
export { BenchServer } from './bench-server.js';
