/** The minimal core in a process of its own. */
import { readFile } from 'node:fs/promises';

import { Client } from 'pg';

import { engineOptions, serveEngine } from '../engines/index.js';
import { workload } from '../workloads/index.js';
import { CeilingEngine } from './ceiling.engine.js';

const BATCH = 500;

const options = engineOptions();
const { databaseUrl, concurrency } = options;

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return client;
}

const connections = {
  loops: [await connect(), await connect()],
  submitter: await connect(),
  listener: await connect(),
};
const sql = await readFile(new URL('./ceiling.sql', import.meta.url), 'utf8');
const engine = await CeilingEngine.start(connections, sql, workload('linear'), concurrency ?? BATCH);
serveEngine(engine, options);
