/** The bare loop in a process of its own. */
import { Client } from 'pg';

import { engineOptions, serveEngine } from '../engines/index.js';
import { LoopEngine } from './loop.engine.js';
import { registerTemplates } from './loop.templates.js';

/** What the service records at most in one call. */
const BATCH = 500;

const options = engineOptions();

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: options.databaseUrl });
  await client.connect();
  return client;
}

const templates = await registerTemplates(options);
const loops = [await connect(), await connect()];
const connections = { loops, submitter: await connect() };
serveEngine(new LoopEngine(connections, templates, options.concurrency ?? BATCH), options);
