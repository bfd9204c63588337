import { hostname } from 'node:os';

import { loadSettings } from '../../src/config/index.js';
import { Database } from '../../src/database/index.js';
import { Engine, templateGraph } from '../../src/engine/index.js';
import type { GraphStep } from '../../src/engine/index.js';
import { TemplateLoader } from '../../src/templates/index.js';
import type { EngineOptions } from '../engines/index.js';
import { WORKLOADS } from '../workloads/index.js';
import type { WorkloadName } from '../workloads/index.js';

/** What the SQL functions want to be told by whoever claims. */
export interface LoopTemplates {
  readonly workerId: number;
  readonly ids: ReadonlyMap<WorkloadName, number>;
  /** By template id, then by step index. */
  readonly graphs: ReadonlyMap<number, readonly GraphStep[]>;
}

/** Brings the schema up to date and registers the workloads, as the service does when it starts. */
export async function registerTemplates({
  databaseUrl,
  templateFolder,
}: EngineOptions): Promise<LoopTemplates> {
  const settings = loadSettings({}, { databaseUrl });
  const database = new Database(settings.database, settings.worker);
  try {
    await database.open();
    const engine = new Engine(database);
    const ids = new Map<WorkloadName, number>();
    const graphs = new Map<number, readonly GraphStep[]>();
    for (const template of await new TemplateLoader().loadDirectories([templateFolder])) {
      const registered = await engine.registerTemplate(template);
      const name = WORKLOADS.find((candidate) => candidate === template.name);
      if (name === undefined || !('templateId' in registered)) continue;
      ids.set(name, registered.templateId);
      graphs.set(registered.templateId, templateGraph(template));
    }
    return { workerId: await engine.registerWorker('loop', hostname()), ids, graphs };
  } finally {
    await database.close();
  }
}
