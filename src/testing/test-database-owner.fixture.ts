/** A process that makes test databases on a server of its own, says where, and waits to be ended. */
import { TestDatabase } from './index.js';

const [first, second] = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
process.stdout.write(`${first.url} ${second.url}\n`);
// As long as whoever started this holds its standard input open.
process.stdin.resume();
