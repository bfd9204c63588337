export { COUNTING, countStatements, writeStatements } from './statement-statistics.js';
export { BenchServer } from './bench-server.js';
